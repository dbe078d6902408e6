"""Records the steps of an investigation. Each command runs inside one transaction and is idempotent."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from casebook.case_log.append import append, is_logged
from casebook.case_log.guard_facts import guard_facts_of
from casebook.case_log.locked_case import LockedCase, lock_case, refuse_closed, refuse_move
from casebook.commands.agent_journal import add_to_journal
from casebook.errors import (
    AlertsJoined,
    IllegalMove,
    OutcomeNotJustified,
    ReportsNotRecorded,
    ReportUnfounded,
    RoundNotBegun,
    RoundNotJustified,
)
from casebook.policy.actors import WORKER
from casebook.policy.guards import GuardFacts
from casebook.projection.cases import CaseClosed
from casebook.projection.event_data import JournalHead
from casebook.projection.reopenings import CaseReopened
from casebook.projection.rounds import Assessed, RoundStarted, SpecialistFinished, SpecialistStarted, why_no_round
from casebook.queries.agent_runs import journal_of, saved_assessment, saved_report, saved_reports
from casebook.queries.autonomy import asked_by_rules
from casebook.queries.case_brief import limits_of
from casebook.schema.base import table_of
from casebook.schema.case_log import CaseEventRow
from contracts import ids
from contracts.assessment import RiskAssessment
from contracts.hashing import content_hash
from contracts.investigation import InvestigationPolicy
from contracts.journal import JournalEntry, RunCheckpoint
from contracts.kinds import kind_of
from contracts.report import Evidence, Specialist, SpecialistReport
from contracts.steps import CloseCaseInput

_EVENTS = table_of(CaseEventRow)
_REOPENINGS = select(func.count()).where(_EVENTS.c.case_id == bindparam("of_case"), _EVENTS.c.type == CaseReopened.type)


def start_round(
    connection: Connection, case_id: str, round_number: int, policy: InvestigationPolicy | None, now: datetime
) -> None:
    """Begin a round with all specialists pending; `policy` is that of the case, recorded with its first round.

    A later round than the first needs a rejection, changed facts, or an alert that joined, on record.
    """
    case = lock_case(connection, case_id)
    started = RoundStarted(round=round_number, policy=policy)
    if is_logged(connection, case_id, started.dedupe_key()):
        return
    if round_number < case.round:
        raise IllegalMove(case_id, f"round {case.round}", f"round {round_number}")
    refuse_move(case, "investigating")
    reason = RoundStarted.why_not(guard_facts_of(connection, case), round_number)
    if reason is not None:
        raise RoundNotJustified(case_id, round_number, reason)
    append(connection, case, started, WORKER, now)


def refuse_later_round(connection: Connection, case: LockedCase, round_number: int) -> None:
    """Raises RoundNotJustified unless what is on record of the current round calls for the one after it."""
    reason = why_no_round(kind_of(case.case_id), guard_facts_of(connection, case), round_number)
    if reason is not None:
        raise RoundNotJustified(case.case_id, round_number, reason)


def refuse_uninvestigated(case: LockedCase, found: GuardFacts) -> None:
    """Raises AlertsJoined while alerts of the case wait for a round that investigates them."""
    if found.why_not_investigated() is not None:
        raise AlertsJoined(case.case_id)


def refuse_round_ahead(case: LockedCase, round_number: int) -> None:
    """Raises RoundNotBegun for a round that the case has not come to."""
    if round_number > case.round:
        raise RoundNotBegun(case.case_id, round_number)


def start_specialist(
    connection: Connection, case_id: str, round_number: int, specialist: Specialist, now: datetime
) -> RunCheckpoint[SpecialistReport]:
    """Show a specialist as running, unless its report is kept; and what it has done so far."""
    case = lock_case(connection, case_id)
    report = saved_report(connection, case_id, round_number, specialist)
    if report is not None:
        return RunCheckpoint(report, {})
    started = SpecialistStarted(round=round_number, specialist=specialist)
    if is_logged(connection, case_id, started.dedupe_key()):
        return RunCheckpoint(None, journal_of(connection, case_id, ids.run_id(round_number, specialist)))
    refuse_closed(case)
    refuse_round_ahead(case, round_number)
    append(connection, case, started, f"agent:{specialist}", now)
    # Nobody has anything in its journal who has not begun.
    return RunCheckpoint(None, {})


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
    hashes = {item.evidence_id: content_hash(item) for item in evidence}
    finished = SpecialistFinished(
        round=report.round,
        specialist=report.specialist,
        status=report.status,
        risk_score=report.risk_score,
        report_hash=content_hash(report),
        evidence_hashes=hashes,
        journal=journal_head(case),
    )
    contents = {hashes[item.evidence_id]: {"body": item.model_dump_json()} for item in evidence}
    contents[finished.report_hash] = {"body": report.model_dump_json()}
    append(connection, case, finished, f"agent:{report.specialist}", now, contents)
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
    """Put an assessment on record as the one of its round."""
    assessed = Assessed(
        round=assessment.round,
        score=assessment.overall_risk_score,
        level=assessment.risk_level,
        recommended_action=assessment.recommended_action,
        route=assessment.route,
        route_reasons=assessment.route_reasons,
        assessment_hash=content_hash(assessment),
        journal=journal_head(case),
    )
    contents = {assessed.assessment_hash: {"assessment": assessment.model_dump_json()}}
    append(connection, case, assessed, actor, now, contents)


def close_case(connection: Connection, closing: CloseCaseInput, now: datetime) -> None:
    """Close the case. Repeating the same outcome changes nothing; another one raises CaseClosed."""
    case = lock_case(connection, closing.case_id)
    if case.state == "closed" and case.outcome == closing.outcome:
        return
    refuse_closed(case)
    found = guard_facts_of(connection, case)
    refuse_uninvestigated(case, found)
    _refuse_outcome(connection, case, found, closing, now)
    refuse_move(case, "closed")
    closed = CaseClosed(
        outcome=closing.outcome,
        round=closing.round,
        journal=journal_head(case),
        reopening=connection.execute(_REOPENINGS, {"of_case": case.case_id}).scalar_one() or None,
    )
    append(connection, case, closed, WORKER, now)


def journal_head(case: LockedCase) -> JournalHead:
    """How far the journal of model calls has come."""
    return JournalHead(entries=case.journal_entries, hash=case.journal_hash)


def _refuse_outcome(
    connection: Connection, case: LockedCase, found: GuardFacts, closing: CloseCaseInput, now: datetime
) -> None:
    limits = limits_of(connection, case.case_id) if closing.outcome == "failed" else None
    found.patience = None if limits is None else limits.patience
    if closing.outcome == "auto_cleared":
        found.rules_ask = asked_by_rules(connection, case.case_id)
    stale = closing.round != case.round
    reason = (
        f"it is in round {case.round}"
        if stale
        else CaseClosed.why_not(kind_of(case.case_id), found, closing.outcome, now)
    )
    if reason is not None:
        raise OutcomeNotJustified(case.case_id, closing.outcome, reason)


def _refuse_unfounded(case_id: str, report: SpecialistReport, evidence: Sequence[Evidence]) -> None:
    kept = {item.evidence_id for item in evidence}
    if len(kept) < len(evidence) or any(call.tool_call_id not in kept for call in report.tool_calls):
        raise ReportUnfounded(case_id, report.specialist)


def _refuse_other_reports(connection: Connection, case_id: str, assessment: RiskAssessment) -> None:
    kept = saved_reports(connection, case_id, assessment.round)
    other = [report.specialist for report in assessment.reports if kept.get(report.specialist) != report]
    if other:
        raise ReportsNotRecorded(case_id, other)
