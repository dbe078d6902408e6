"""Taking the answer of a person, or of two, exactly once. Each runs inside one transaction."""

from collections.abc import Collection
from datetime import datetime
from typing import cast

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from casebook.case_log.append import Entry, append, next_seq
from casebook.commands.claims import end_claim, refuse_claimed_by_other
from casebook.commands.investigation import drop_proposal, locked_case, refuse_closed
from casebook.errors import (
    AlreadyDecided,
    AssessmentChanged,
    CaseNotFound,
    NoOpenReview,
    NoProposal,
    NotAllowed,
    NotTheProposer,
    OtherActionProposed,
    ReasonMissing,
    ReviewSuperseded,
    SameApprover,
)
from casebook.policy.four_eyes import approvals_of, gives_reason, is_rated_critical, overrules
from casebook.queries.case_brief import was_rated_critical
from casebook.queries.case_view import read_proposal
from casebook.queries.review_rows import read_review
from casebook.schema.approvals import ProposalRow
from casebook.schema.cases import CaseRow, DecisionRow, ReviewRow
from contracts.alert import Severity
from contracts.assessment import RecommendedAction, RiskLevel
from contracts.case import Proposal
from contracts.ids import parse_review_id
from contracts.review import Approval, Decision, Disposition, Role, may_act_as


def accept_decision(
    session: Session, decision: Decision, roles: Collection[Role], now: datetime
) -> Decision | Proposal:
    """Take a person's answer, if it answers exactly what is being asked right now, and by whom it is asked.

    The first of two approvals is kept as a proposal and returned as such; a decision is returned as it is recorded.
    """
    case, review = _answerable(session, decision, roles, now)
    proposal = read_proposal(session, case.case_id)
    if decision.verdict == "approve" and decision.action is not None:
        if proposal is not None:
            _refuse_other_approval(proposal, decision, decision.action)
        else:
            _require_reason(case, decision, decision.action)
        is_critical = decision.action == "clear" and _is_critical(session, case)
        if proposal is None and approvals_of(read_review(review), decision.action, is_critical=is_critical) > 1:
            return _propose(session, case, decision, decision.action, now)
    recorded = _complete(decision, proposal)
    drop_proposal(session, case)
    _record(session, case, review, recorded, now)
    return recorded


def withdraw_proposal(session: Session, case_id: str, subject: str, now: datetime) -> None:
    """Take back one's own first approval."""
    case = locked_case(session, case_id)
    refuse_closed(case)
    row = session.scalars(select(ProposalRow).where(ProposalRow.case_id == case_id)).one_or_none()
    if row is None:
        raise NoProposal
    if row.proposed_by != subject:
        raise NotTheProposer(row.proposed_by)
    data: dict[str, JsonValue] = {
        "round": parse_review_id(row.review_id)[1],
        "review_id": row.review_id,
        "action": row.action,
    }
    session.delete(row)
    key = f"approval_withdrawn:{row.review_id}:{row.proposed_seq}"
    append(session, case, Entry("approval_withdrawn", key, subject, data), now)


def default_disposition(decision: Decision) -> Disposition:
    """What a case is taken to have been when the person who decided does not say."""
    if decision.verdict == "reject":
        return "inconclusive"
    return "false_positive" if decision.action == "clear" else "confirmed_fraud"


def _answerable(
    session: Session, decision: Decision, roles: Collection[Role], now: datetime
) -> tuple[CaseRow, ReviewRow]:
    case_id, round_number = parse_review_id(decision.review_id)
    case = session.get(CaseRow, case_id, with_for_update=True)
    if case is None:
        raise CaseNotFound(case_id)
    refuse_closed(case)
    if round_number < case.round:
        raise ReviewSuperseded(case.round)
    decided = session.get(DecisionRow, decision.review_id)
    if decided is not None:
        raise AlreadyDecided(Decision.model_validate_json(decided.body).decided_by)
    review = session.get(ReviewRow, decision.review_id)
    if review is None or review.status != "open":
        raise NoOpenReview
    if review.assessment_hash != decision.assessment_hash:
        raise AssessmentChanged
    required = read_review(review).required_role
    if not may_act_as(roles, required):
        raise NotAllowed(required)
    refuse_claimed_by_other(case, decision.decided_by, now)
    return case, review


def _refuse_other_approval(proposal: Proposal, decision: Decision, action: RecommendedAction) -> None:
    proposer = proposal.approvals[0].approved_by
    if proposer == decision.decided_by:
        raise SameApprover(proposal.action)
    if proposal.action != action:
        raise OtherActionProposed(proposer, proposal.action)


def _require_reason(case: CaseRow, decision: Decision, action: RecommendedAction) -> None:
    # Earlier releases recommended something even where they had no score.
    recommended = None if case.risk_score is None else cast("RecommendedAction | None", case.recommended_action)
    if recommended is not None and overrules(recommended, action) and not gives_reason(decision):
        raise ReasonMissing(recommended, action)


def _is_critical(session: Session, case: CaseRow) -> bool:
    rated = is_rated_critical(cast("Severity", case.severity), cast("RiskLevel | None", case.risk_level))
    # Who rejects a critical assessment may bring about a milder one, and must not clear that alone.
    return rated or (case.round > 1 and was_rated_critical(session.connection(), case.case_id))


def _propose(session: Session, case: CaseRow, decision: Decision, action: RecommendedAction, now: datetime) -> Proposal:
    proposal = Proposal(
        review_id=decision.review_id, action=action, approvals=(_approval(decision),), disposition=decision.disposition
    )
    seq = next_seq(session)
    session.add(
        ProposalRow(
            review_id=decision.review_id,
            case_id=case.case_id,
            proposed_by=decision.decided_by,
            action=action,
            proposed_seq=seq,
            body=proposal.model_dump_json(),
        )
    )
    # The second person must be able to take it up.
    end_claim(case)
    data: dict[str, JsonValue] = {
        "round": parse_review_id(decision.review_id)[1],
        "assessment_hash": decision.assessment_hash,
        "reason_code": decision.reason_code,
        "feedback": decision.feedback,
        **proposal.model_dump(mode="json"),
    }
    key = f"approval_given:{decision.review_id}:{seq}"
    append(session, case, Entry("approval_given", key, decision.decided_by, data), now, seq)
    return proposal


def _complete(decision: Decision, proposal: Proposal | None) -> Decision:
    """The decision as it is recorded: with a disposition, and with everyone who approved where two were needed."""
    approving = proposal is not None and decision.verdict == "approve"
    disposition = decision.disposition or (proposal.disposition if proposal is not None and approving else None)
    approvals = (*proposal.approvals, _approval(decision)) if proposal is not None and approving else None
    return decision.model_copy(
        update={"disposition": disposition or default_disposition(decision), "approvals": approvals}
    )


def _approval(decision: Decision) -> Approval:
    return Approval(approved_by=decision.decided_by, approved_at=decision.decided_at, comment=decision.comment)


def _record(session: Session, case: CaseRow, review: ReviewRow, decision: Decision, now: datetime) -> None:
    review.status = "decided"
    case.due_at = None
    case.disposition = decision.disposition
    end_claim(case)
    data: dict[str, JsonValue] = {"round": review.round, **decision.model_dump(mode="json")}
    key = f"decision_accepted:{decision.review_id}"
    seq = append(session, case, Entry("decision_accepted", key, decision.decided_by, data), now)
    session.add(
        DecisionRow(
            review_id=decision.review_id,
            case_id=case.case_id,
            round=review.round,
            verdict=decision.verdict,
            action=decision.action,
            accepted_seq=seq,
            body=decision.model_dump_json(),
        )
    )
