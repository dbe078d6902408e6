"""What the worker's steps write about a case. Each runs inside one transaction and may be repeated safely."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import cast

from pydantic import JsonValue
from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from casebook.case_log.append import Entry, append, is_logged, lock_log, next_seq
from casebook.case_log.call_chain import as_data
from casebook.case_log.guard_facts import guard_facts_of
from casebook.case_log.hash_chain import SYSTEM
from casebook.case_log.locked_case import LockedCase, lock_case
from casebook.commands.agent_journal import add_to_journal, journal_of, saved_assessment, saved_report, saved_reports
from casebook.errors import (
    CaseClosed,
    CaseNotFound,
    IllegalMove,
    OutcomeNotJustified,
    ReportsNotRecorded,
    ReportUnfounded,
    RoundNotBegun,
    RoundNotJustified,
)
from casebook.policy.lifecycle import MOVES
from casebook.policy.priority import PRIORITY
from casebook.queries.case_brief import limits_of
from casebook.queries.cursors import OpenedCase
from casebook.queries.tokenizer import join_words, words_of_alert
from casebook.schema.approvals import ProposalRow
from casebook.schema.cases import AlertRow, CaseRow, EvidenceRow, ReportRow, ReviewRow, RoundRow, table_of
from casebook.schema.workspace import CaseTextRow
from contracts import ids
from contracts.alert import Alert
from contracts.assessment import RiskAssessment
from contracts.case import CaseState, SpecialistState
from contracts.hashing import content_hash
from contracts.investigation import Closing, InvestigationPolicy
from contracts.journal import JournalEntry, Standing
from contracts.report import SPECIALISTS, Evidence, Specialist, SpecialistReport

WORKER = "worker"

Case = CaseRow | LockedCase

_ROUNDS, _REVIEWS, _PROPOSALS = table_of(RoundRow), table_of(ReviewRow), table_of(ProposalRow)
_REPORT = insert(table_of(ReportRow))
_EVIDENCE = insert(table_of(EvidenceRow))
_ROUND_KEY = (_ROUNDS.c.case_id == bindparam("of_case"), _ROUNDS.c.round == bindparam("of_round"))
_FIND_ROUND = select(_ROUNDS.c.assessment_hash).where(*_ROUND_KEY)
_START_ROUND = insert(_ROUNDS)
_CONCLUDE_ROUND = update(_ROUNDS).where(*_ROUND_KEY)
_OPEN = (_REVIEWS.c.case_id == bindparam("of_case"), _REVIEWS.c.status == "open")
_END_REVIEW = update(_REVIEWS).where(*_OPEN)
_DROP_PROPOSAL = delete(_PROPOSALS).where(_PROPOSALS.c.case_id == bindparam("of_case"))


def locked_case(session: Session, case_id: str) -> CaseRow:
    """The case, held until the transaction ends. Raises CaseNotFound."""
    case = session.get(CaseRow, case_id, with_for_update=True)
    if case is None:
        raise CaseNotFound(case_id)
    return case


def refuse_closed(case: Case) -> None:
    """Raises CaseClosed when nothing about the case may change any more."""
    if case.state == "closed":
        raise CaseClosed(case.outcome)


def move(case: Case, target: CaseState) -> None:
    """Take the case to `target`, phase included. Raises CaseClosed or IllegalMove when the lifecycle forbids it."""
    refuse_closed(case)
    if target not in MOVES[cast("CaseState", case.state)]:
        raise IllegalMove(case.case_id, case.state, target)
    case.state = target
    case.phase = target


def open_case(session: Session, alert: Alert, now: datetime, opened_by: str | None = None) -> OpenedCase:
    """Open the case of an alert, unless it has one."""
    case_id = ids.case_id(alert.alert_id)
    # Openings queue here, so that two of the same alert cannot both find nothing.
    lock_log(session)
    if session.get(CaseRow, case_id) is not None:
        return OpenedCase(case_id=case_id, created=False)
    seq = next_seq(session)
    case = CaseRow(
        case_id=case_id,
        alert_id=alert.alert_id,
        customer_id=alert.customer_id,
        alert_type=alert.alert_type,
        severity=alert.severity,
        # Nobody can mend an alert that a stream brought: better shown with a gap than never opened.
        description=alert.description.replace("\0", "\N{REPLACEMENT CHARACTER}"),
        source=alert.source,
        state="investigating",
        phase="investigating",
        round=1,
        specialists=_all_pending(),
        opened_at=now,
        updated_at=now,
        opened_seq=seq,
        last_seq=seq,
        rule_id=alert.rule_id,
        priority=PRIORITY[alert.severity],
    )
    session.add(case)
    session.add(CaseTextRow(opened_seq=seq, body=join_words(words_of_alert(alert))))
    session.flush()
    session.add(AlertRow(alert_id=alert.alert_id, case_id=case_id, opened_seq=seq, body=alert.model_dump_json()))
    opened = Entry("case_opened", "case_opened", opened_by or SYSTEM, {"alert": alert.model_dump(mode="json")})
    append(session, case, opened, now, seq)
    return OpenedCase(case_id=case_id, created=True)


def start_round(
    connection: Connection, case_id: str, round_number: int, policy: InvestigationPolicy | None, now: datetime
) -> None:
    """Begin a round with all specialists pending; `policy` is what the case is judged by from its first one on.

    A later round than the first needs a rejection, or changed facts, on record.
    """
    case = lock_case(connection, case_id)
    key = round_started_key(round_number)
    if is_logged(connection, case_id, key):
        return
    if round_number < case.round:
        raise IllegalMove(case_id, f"round {case.round}", f"round {round_number}")
    move(case, "investigating")
    reason = guard_facts_of(connection, case).why_not_begun(round_number)
    if reason is not None:
        raise RoundNotJustified(case_id, round_number, reason)
    end_open_review(connection, case, "superseded")
    enter_round(connection, case, round_number, now)
    data: dict[str, JsonValue] = {"round": round_number}
    if policy is not None:
        data["policy"] = policy.model_dump(mode="json")
    append(connection, case, Entry("round_started", key, WORKER, data), now)


def round_started_key(round_number: int) -> str:
    """The name under which the start of a round stands in the log."""
    return f"round_started:{round_number}"


def refuse_later_round(connection: Connection, case: LockedCase, round_number: int) -> None:
    """Raises RoundNotJustified unless what is on record of the current round calls for the one after it."""
    reason = guard_facts_of(connection, case).why_no_round(round_number)
    if reason is not None:
        raise RoundNotJustified(case.case_id, round_number, reason)


def refuse_round_ahead(case: LockedCase, round_number: int) -> None:
    """Raises RoundNotBegun for a round that the case has not come to."""
    if round_number > case.round:
        raise RoundNotBegun(case.case_id, round_number)


def enter_round(connection: Connection, case: LockedCase, round_number: int, now: datetime) -> str | None:
    """Begin a round unless it has begun, and return the hash of its assessment, if it has one.

    When it is a later round than the case's, the case's progress starts afresh.
    """
    if round_number > case.round:
        case.round = round_number
        case.specialists = _all_pending()
        case.risk_score = None
        case.risk_level = None
        case.recommended_action = None
    row = connection.execute(_FIND_ROUND, {"of_case": case.case_id, "of_round": round_number}).first()
    if row is not None:
        return row.assessment_hash
    connection.execute(_START_ROUND, {"case_id": case.case_id, "round": round_number, "started_at": now})
    return None


def end_open_review(within: Connection | Session, case: Case, status: str) -> None:
    """Nobody is asked any more: the open review, if there is one, ends with `status`."""
    within.execute(_END_REVIEW, {"of_case": case.case_id, "status": status})
    case.due_at = None
    drop_proposal(within, case)


def drop_proposal(within: Connection | Session, case: Case) -> None:
    """A first approval that waits for a second one counts no longer. Logs nothing: what ended it is logged."""
    within.execute(_DROP_PROPOSAL, {"of_case": case.case_id})


def start_specialist(
    connection: Connection, case_id: str, round_number: int, specialist: Specialist, now: datetime
) -> Standing[SpecialistReport]:
    """Show a specialist as running, unless its report is kept; and what it has done so far."""
    case = lock_case(connection, case_id)
    report = saved_report(connection, case_id, round_number, specialist)
    if report is not None:
        return Standing(report, {})
    key = f"specialist_started:{round_number}:{specialist}"
    if is_logged(connection, case_id, key):
        return Standing(None, journal_of(connection, case_id, ids.run_id(round_number, specialist)))
    refuse_closed(case)
    refuse_round_ahead(case, round_number)
    enter_round(connection, case, round_number, now)
    _show_specialist(case, round_number, specialist, "running")
    data: dict[str, JsonValue] = {"specialist": specialist, "round": round_number}
    append(connection, case, Entry("specialist_started", key, f"agent:{specialist}", data), now)
    # Nobody has anything in its journal who has not begun.
    return Standing(None, {})


def save_report(
    connection: Connection,
    case_id: str,
    report: SpecialistReport,
    evidence: Sequence[Evidence],
    journal: Sequence[JournalEntry],
    now: datetime,
) -> SpecialistReport:
    """Keep a report with its evidence; the first one of a round and specialist counts and is returned."""
    case = lock_case(connection, case_id)
    add_to_journal(connection, case, journal, now)
    saved = saved_report(connection, case_id, report.round, report.specialist)
    if saved is not None:
        case.store(connection)
        return saved
    refuse_closed(case)
    refuse_round_ahead(case, report.round)
    _refuse_unfounded(case_id, report, evidence)
    enter_round(connection, case, report.round, now)
    whose = {"case_id": case_id, "round": report.round, "specialist": report.specialist}
    score = {"status": report.status, "risk_score": report.risk_score}
    connection.execute(_REPORT, {**whose, **score, "saved_at": now, "body": report.model_dump_json()})
    if evidence:
        rows = [{**whose, "evidence_id": item.evidence_id, "body": item.model_dump_json()} for item in evidence]
        connection.execute(_EVIDENCE, rows)
    _show_specialist(case, report.round, report.specialist, report.status)
    data: dict[str, JsonValue] = {
        "specialist": report.specialist,
        "round": report.round,
        "status": report.status,
        "risk_score": report.risk_score,
        "report_hash": content_hash(report),
        "evidence_hashes": {item.evidence_id: content_hash(item) for item in evidence},
        "journal": as_data(case.journal_entries, case.journal_hash),
    }
    key = f"specialist_finished:{report.round}:{report.specialist}"
    append(connection, case, Entry("specialist_finished", key, f"agent:{report.specialist}", data), now)
    return report


def save_assessment(
    connection: Connection, case_id: str, assessment: RiskAssessment, journal: Sequence[JournalEntry], now: datetime
) -> RiskAssessment:
    """Keep the assessment of a round; the first one counts and is returned."""
    case = lock_case(connection, case_id)
    add_to_journal(connection, case, journal, now)
    saved = saved_assessment(connection, case_id, assessment.round)
    if saved is not None:
        case.store(connection)
        return saved
    refuse_closed(case)
    refuse_round_ahead(case, assessment.round)
    _refuse_other_reports(connection, case_id, assessment)
    conclude(connection, case, assessment, WORKER, now)
    return assessment


def conclude(connection: Connection, case: LockedCase, assessment: RiskAssessment, actor: str, now: datetime) -> None:
    """Put an assessment on record as the one of its round, and log it."""
    digest = content_hash(assessment)
    put_assessment(connection, case, assessment, digest, now)
    data: dict[str, JsonValue] = {
        "round": assessment.round,
        "score": assessment.overall_risk_score,
        "level": assessment.risk_level,
        "recommended_action": assessment.recommended_action,
        "route": assessment.route,
        "route_reasons": list(assessment.route_reasons),
        "assessment_hash": digest,
        "journal": as_data(case.journal_entries, case.journal_hash),
    }
    append(connection, case, Entry("assessed", f"assessed:{assessment.round}", actor, data), now)


def put_assessment(
    connection: Connection, case: LockedCase, assessment: RiskAssessment, digest: str, now: datetime
) -> None:
    """Make `assessment` the one of its round, and its score the case's when that round is the current one.

    `digest` is its content's hash.
    """
    concluded = enter_round(connection, case, assessment.round, now)
    if concluded != digest:
        conclusion = {"assessment_hash": digest, "assessment": assessment.model_dump_json()}
        of = {"of_case": case.case_id, "of_round": assessment.round}
        connection.execute(_CONCLUDE_ROUND, {**of, **conclusion})
    if assessment.round == case.round:
        case.risk_score = assessment.overall_risk_score
        case.risk_level = assessment.risk_level
        case.recommended_action = assessment.recommended_action


def close_case(connection: Connection, closing: Closing, now: datetime) -> None:
    """Close the case. Repeating the same outcome changes nothing; another one raises CaseClosed."""
    case = lock_case(connection, closing.case_id)
    if case.state == "closed" and case.outcome == closing.outcome:
        return
    refuse_closed(case)
    _refuse_outcome(connection, case, closing, now)
    move(case, "closed")
    end_open_review(connection, case, "expired")
    case.outcome = closing.outcome
    said: dict[str, JsonValue] = {
        "outcome": closing.outcome,
        "round": closing.round,
        "journal": as_data(case.journal_entries, case.journal_hash),
    }
    append(connection, case, Entry("case_closed", "case_closed", WORKER, said), now)


def _refuse_outcome(connection: Connection, case: LockedCase, closing: Closing, now: datetime) -> None:
    found = guard_facts_of(connection, case)
    limits = limits_of(connection, case.case_id) if closing.outcome == "failed" else None
    found.patience = None if limits is None else limits.patience
    stale = closing.round != case.round
    reason = f"it is in round {case.round}" if stale else found.why_not_closed(closing.outcome, now)
    if reason is not None:
        raise OutcomeNotJustified(case.case_id, closing.outcome, reason)


def _refuse_unfounded(case_id: str, report: SpecialistReport, evidence: Sequence[Evidence]) -> None:
    kept = {item.evidence_id for item in evidence}
    if any(call.tool_call_id not in kept for call in report.tool_calls):
        raise ReportUnfounded(case_id, report.specialist)


def _refuse_other_reports(connection: Connection, case_id: str, assessment: RiskAssessment) -> None:
    kept = saved_reports(connection, case_id, assessment.round)
    other = [report.specialist for report in assessment.reports if kept.get(report.specialist) != report]
    if other:
        raise ReportsNotRecorded(case_id, other)


def _all_pending() -> str:
    return json.dumps(dict.fromkeys(SPECIALISTS, "pending"))


def _show_specialist(case: LockedCase, round_number: int, specialist: Specialist, state: SpecialistState) -> None:
    if round_number != case.round:
        return
    states: dict[str, str] = json.loads(case.specialists)
    states[specialist] = state
    case.specialists = json.dumps(states)
    if case.state == "investigating":
        waiting = any(states[name] in {"pending", "running"} for name in SPECIALISTS)
        case.phase = "investigating" if waiting else "assessing"
