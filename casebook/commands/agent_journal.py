"""Agents' runs: what they have already done and paid for, and what came of it. Each inside one transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select

from casebook.case_log.call_chain import chained, stored_use
from casebook.case_log.locked_case import LockedCase, lock_case
from casebook.queries.model_spend import note_use
from casebook.schema.cases import ModelCallRow, ReportRow, RoundRow, table_of
from contracts.assessment import RiskAssessment
from contracts.ids import run_id
from contracts.journal import JournalEntry, Standing
from contracts.report import SpecialistReport

_CALLS = table_of(ModelCallRow)
_OF_RUN = select(_CALLS.c.key, _CALLS.c.response).where(
    _CALLS.c.case_id == bindparam("case_id"), _CALLS.c.key.startswith(bindparam("run"))
)
_KEPT = select(_CALLS.c.key).where(
    _CALLS.c.case_id == bindparam("case_id"), _CALLS.c.key.in_(bindparam("keys", expanding=True))
)
_KEEP = insert(_CALLS)
_REPORTS, _ROUNDS = table_of(ReportRow), table_of(RoundRow)
_REPORT = select(_REPORTS.c.body).where(
    *(_REPORTS.c[name] == bindparam(name) for name in ("case_id", "round", "specialist"))
)
_REPORTS_OF_ROUND = select(_REPORTS.c.body).where(
    *(_REPORTS.c[name] == bindparam(name) for name in ("case_id", "round"))
)
_ASSESSMENT = select(_ROUNDS.c.assessment).where(*(_ROUNDS.c[name] == bindparam(name) for name in ("case_id", "round")))


def keep_journal(connection: Connection, case_id: str, entries: Sequence[JournalEntry], now: datetime) -> None:
    """Keep what a run did and what that cost; the first under a key counts. Raises CaseNotFound."""
    case = lock_case(connection, case_id)
    add_to_journal(connection, case, entries, now)
    case.store(connection)


def add_to_journal(connection: Connection, case: LockedCase, entries: Sequence[JournalEntry], now: datetime) -> None:
    """The same for a case that the caller holds and stores: the head of the journal moves."""
    if not entries:
        return
    kept = (
        connection.execute(_KEPT, {"case_id": case.case_id, "keys": [entry.key for entry in entries]}).scalars().all()
    )
    new = [entry for entry in entries if entry.key not in kept]
    if not new:
        return
    connection.execute(_KEEP, [_linked(case, entry, now) for entry in new])
    for entry in new:
        if entry.use is not None:
            note_use(connection, case.case_id, case.rule_id, entry.use, now)


def _linked(case: LockedCase, entry: JournalEntry, now: datetime) -> dict[str, Any]:
    """The row of an entry, which becomes the head of the journal."""
    use = stored_use(entry.use)
    call = chained(case.journal_hash, case.journal_entries + 1, entry.key, entry.body, now, use)
    case.journal_entries, case.journal_hash = call.number, call.hash
    row = {"case_id": case.case_id, "key": entry.key, "response": entry.body, "recorded_at": now}
    return {**row, "number": call.number, "use": use, "hash": call.hash}


def journal_of(connection: Connection, case_id: str, run: str) -> dict[str, str]:
    """The entries of one run, by key."""
    rows = connection.execute(_OF_RUN, {"case_id": case_id, "run": f"{run}-"})
    return {row.key: row.response for row in rows}


def saved_report(connection: Connection, case_id: str, round_number: int, specialist: str) -> SpecialistReport | None:
    """The saved report of one specialist in one round, or None."""
    of = {"case_id": case_id, "round": round_number, "specialist": specialist}
    body = connection.execute(_REPORT, of).scalar()
    return None if body is None else SpecialistReport.model_validate_json(body)


def saved_reports(connection: Connection, case_id: str, round_number: int) -> dict[str, SpecialistReport]:
    """The saved reports of one round, by specialist."""
    bodies = connection.execute(_REPORTS_OF_ROUND, {"case_id": case_id, "round": round_number}).scalars()
    reports = [SpecialistReport.model_validate_json(body) for body in bodies]
    return {report.specialist: report for report in reports}


def saved_assessment(connection: Connection, case_id: str, round_number: int) -> RiskAssessment | None:
    """The saved assessment of one round, or None."""
    body = connection.execute(_ASSESSMENT, {"case_id": case_id, "round": round_number}).scalar()
    return None if body is None else RiskAssessment.model_validate_json(body)


def standing_of_assessment(connection: Connection, case_id: str, round_number: int) -> Standing[RiskAssessment]:
    """The saved assessment of one round, or what was done for it so far."""
    saved = saved_assessment(connection, case_id, round_number)
    if saved is not None:
        return Standing(saved, {})
    journal = journal_of(connection, case_id, run_id(round_number, "aggregator"))
    return Standing(None, journal)
