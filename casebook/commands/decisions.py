"""Accepts the decision of one person, or of two, exactly once. Each command runs inside one transaction."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Connection, bindparam, select

from casebook.case_log.append import append
from casebook.case_log.locked_case import LockedCase, lock_case, refuse_closed
from casebook.commands.assignments import pass_on_approved
from casebook.commands.chosen_refunds import with_seen_refunds
from casebook.commands.claims import refuse_claimed_by_other
from casebook.commands.effects import decision_on
from casebook.commands.holds import withdrawals_of
from casebook.errors import (
    ActionOfOtherKind,
    AlreadyDecided,
    AssessmentChanged,
    FieldsMissing,
    NewEvidence,
    NoDisposition,
    NoOpenReview,
    NoProposal,
    NotAllowed,
    NotTheProposer,
    OtherActionProposed,
    OtherRefundsProposed,
    ReasonMissing,
    ReviewNotFound,
    ReviewSuperseded,
    SameApprover,
    UnknownReasonCode,
)
from casebook.policy.closing_policy import answer_of, missing_fields
from casebook.policy.four_eyes import approvals_of, gives_reason, is_rated_critical, overrules
from casebook.policy.holds import held_until
from casebook.projection.decisions import DecisionAccepted
from casebook.projection.proposals import ApprovalGiven, ApprovalWithdrawn
from casebook.queries.case_brief import limits_of, was_rated_critical
from casebook.queries.overtaken import overtook
from casebook.queries.review_rows import read_review
from casebook.schema.approvals import ProposalRow
from casebook.schema.base import PlainRow, table_of
from casebook.schema.reviews import ReviewRow
from contracts.assessment import RiskLevel
from contracts.case import Proposal
from contracts.closing import KNOWN_REASON_CODES, NO_POLICY, ClosingPolicy
from contracts.hashing import content_hash
from contracts.ids import parse_review_id
from contracts.kinds import Action, action_spec, has_disposition, kind_of
from contracts.reply import EditedReply
from contracts.review import Approval, Decision, Disposition, Role, may_act_as
from contracts.severity import Severity

_REVIEWS, _PROPOSALS = table_of(ReviewRow), table_of(ProposalRow)
_REVIEW = select(_REVIEWS).where(_REVIEWS.c.review_id == bindparam("review_id"))
_PROPOSAL = select(_PROPOSALS).where(_PROPOSALS.c.case_id == bindparam("of_case"))


def accept_decision(
    connection: Connection,
    decision: Decision,
    roles: Collection[Role],
    now: datetime,
    policy: ClosingPolicy = NO_POLICY,
    hold: timedelta = timedelta(0),
    edited: EditedReply | None = None,
) -> Decision | Proposal:
    """Take a person's answer, if it answers exactly what is being asked right now, and by whom it is asked.

    `hold`: how long it can be taken back where it has an effect; `edited`: what is sent instead of a draft.

    The first of two approvals is kept as a proposal and returned as such; a decision is returned as it is recorded.
    """
    case, review = _answerable(connection, decision, roles, now)
    _refuse_other_action(decision)
    if decision.refunds is not None:
        decision = with_seen_refunds(connection, case.case_id, decision)
    waiting = connection.execute(_PROPOSAL, {"of_case": case.case_id}).first()
    proposal = None if waiting is None else Proposal.model_validate_json(waiting.body)
    _refuse_incomplete(decision, policy, is_second=proposal is not None and decision.verdict == "approve")
    if decision.verdict == "approve" and decision.action is not None:
        if proposal is not None:
            _refuse_other_approval(proposal, decision, decision.action)
        else:
            _require_reason(case, decision, decision.action)
        rated = action_spec(decision.action).four_eyes == "rated_critical"
        is_critical = rated and _is_critical(connection, case)
        if proposal is None and _needs_two(connection, review, decision, decision.action, is_critical=is_critical):
            return _propose(connection, case, decision, decision.action, read_review(review).required_role, now)
    until = held_until(decision.verdict, decision.action, review.due_at, hold, now)
    recorded = _complete(decision, proposal).model_copy(update={"held_until": until})
    before = cast("Disposition | None", case.disposition)
    withdrawals = withdrawals_of(connection, case.case_id, review.review_id)
    accepted = DecisionAccepted(
        round=review.round, previous_disposition=before, withdrawals=withdrawals, **dict(recorded)
    )
    contents = {} if edited is None else {content_hash(edited): {"body": edited.model_dump_json()}}
    append(connection, case, accepted, decision.decided_by, now, contents)
    return recorded


def withdraw_proposal(connection: Connection, case_id: str, subject: str, now: datetime) -> None:
    """Withdraw one's own first approval."""
    case = lock_case(connection, case_id)
    refuse_closed(case)
    row = connection.execute(_PROPOSAL, {"of_case": case_id}).first()
    if row is None:
        raise NoProposal
    if row.proposed_by != subject:
        raise NotTheProposer(row.proposed_by)
    round_number = parse_review_id(row.review_id)[1]
    withdrawn = ApprovalWithdrawn(round=round_number, review_id=row.review_id, action=row.action)
    append(connection, case, withdrawn, subject, now)


def default_disposition(decision: Decision) -> Disposition | None:
    """What a case is taken to have been when the person who decided does not say; None where its kind has no such."""
    if decision.verdict == "reject" or decision.action is None:
        return kind_of(decision.review_id).rejection_means
    return action_spec(decision.action).means


def _answerable(
    connection: Connection, decision: Decision, roles: Collection[Role], now: datetime
) -> tuple[LockedCase, PlainRow]:
    case_id, round_number = parse_review_id(decision.review_id)
    case = lock_case(connection, case_id)
    refuse_closed(case)
    if round_number > case.round:
        raise ReviewNotFound(round_number, case.round)
    decided = decision_on(connection, case_id, decision.review_id)
    if decided is None:
        _refuse_overtaken(connection, case_id, round_number)
    if round_number < case.round:
        raise ReviewSuperseded(case.round)
    if decided is not None:
        raise AlreadyDecided(decided.decided_by)
    review = connection.execute(_REVIEW, {"review_id": decision.review_id}).first()
    if review is None or review.status != "open":
        raise NoOpenReview
    if review.assessment_hash != decision.assessment_hash:
        raise AssessmentChanged
    required = read_review(review).required_role
    if not may_act_as(roles, required):
        raise NotAllowed(required)
    refuse_claimed_by_other(case, decision.decided_by, now)
    return case, review


def _refuse_overtaken(connection: Connection, case_id: str, round_number: int) -> None:
    ended = overtook(connection, case_id, round_number)
    if ended is not None:
        raise NewEvidence(kind_of(case_id).name, ended.news, ended.at)


def _refuse_other_approval(proposal: Proposal, decision: Decision, action: Action) -> None:
    proposer = proposal.approvals[0].approved_by
    if proposer == decision.decided_by:
        raise SameApprover(proposal.action)
    if proposal.action != action:
        raise OtherActionProposed(proposer, proposal.action)
    if proposal.refunds != decision.refunds:
        raise OtherRefundsProposed(proposer)


def _needs_two(
    connection: Connection, review: PlainRow, decision: Decision, action: Action, *, is_critical: bool
) -> bool:
    limit = None
    if decision.refunds is not None:
        limits = limits_of(connection, parse_review_id(decision.review_id)[0])
        limit = None if limits is None else limits.policy.four_eyes_refund_minor
    return approvals_of(read_review(review), action, decision.refunds, limit, is_critical=is_critical) > 1


def _refuse_other_action(decision: Decision) -> None:
    if decision.action is not None and decision.action not in kind_of(decision.review_id).actions:
        raise ActionOfOtherKind(decision.review_id, decision.action)
    answer = answer_of(decision)
    if answer is not None and not has_disposition(answer) and (decision.disposition or decision.reason_code):
        raise NoDisposition(decision.review_id)


def _refuse_incomplete(decision: Decision, policy: ClosingPolicy, *, is_second: bool) -> None:
    """Raises UnknownReasonCode, FieldsMissing. The second of two approvals confirms what the first one filled in."""
    if decision.reason_code is not None and decision.reason_code not in KNOWN_REASON_CODES:
        raise UnknownReasonCode(decision.reason_code)
    answer, missing = answer_of(decision), missing_fields(policy, decision)
    if answer is not None and missing and not is_second:
        raise FieldsMissing(answer, missing)


def _require_reason(case: LockedCase, decision: Decision, action: Action) -> None:
    # Without a score there is no recommendation to overrule.
    recommended = None if case.risk_score is None else case.recommended_action
    if recommended is not None and overrules(recommended, action) and not gives_reason(decision):
        raise ReasonMissing(recommended, action)


def _is_critical(connection: Connection, case: LockedCase) -> bool:
    rated = is_rated_critical(cast("Severity", case.severity), cast("RiskLevel | None", case.risk_level))
    # Who rejects a critical assessment may bring about a milder one, and must not clear that alone.
    return rated or (case.round > 1 and was_rated_critical(connection, case.case_id))


def _propose(
    connection: Connection,
    case: LockedCase,
    decision: Decision,
    action: Action,
    role: Role,
    now: datetime,
) -> Proposal:
    proposal = Proposal(
        review_id=decision.review_id,
        action=action,
        approvals=(_approval(decision),),
        disposition=decision.disposition,
        refunds=decision.refunds,
    )
    given = ApprovalGiven(
        round=parse_review_id(decision.review_id)[1],
        assessment_hash=decision.assessment_hash,
        reason_code=decision.reason_code,
        feedback=decision.feedback,
        **dict(proposal),
    )
    append(connection, case, given, decision.decided_by, now)
    pass_on_approved(connection, case, decision.decided_by, role, now)
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
