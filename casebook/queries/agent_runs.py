"""Reads agents' runs: their journals and their results."""

from sqlalchemy import Connection, bindparam, select

from casebook.case_log.locked_case import refuse_other_kind
from casebook.schema.agent_journal import ModelCallRow
from casebook.schema.base import table_of
from casebook.schema.rounds import ReportRow, RoundRow
from contracts.assessment import RiskAssessment
from contracts.ids import run_id
from contracts.journal import RunCheckpoint
from contracts.kinds.fraud import FRAUD
from contracts.report import SpecialistReport

_CALLS = table_of(ModelCallRow)

_OF_RUN = select(_CALLS.c.key, _CALLS.c.response).where(
    _CALLS.c.case_id == bindparam("case_id"), _CALLS.c.key.startswith(bindparam("run"))
)


_REPORTS, _ROUNDS = table_of(ReportRow), table_of(RoundRow)


_REPORT = select(_REPORTS.c.body).where(
    *(_REPORTS.c[name] == bindparam(name) for name in ("case_id", "round", "specialist"))
)


_REPORTS_OF_ROUND = select(_REPORTS.c.body).where(
    *(_REPORTS.c[name] == bindparam(name) for name in ("case_id", "round"))
)


_ASSESSMENT = select(_ROUNDS.c.assessment).where(*(_ROUNDS.c[name] == bindparam(name) for name in ("case_id", "round")))


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
    """The saved assessment of one round, or None. Raises OtherKind."""
    body = connection.execute(_ASSESSMENT, {"case_id": case_id, "round": round_number}).scalar()
    if body is None:
        return None
    refuse_other_kind(case_id, FRAUD)
    return RiskAssessment.model_validate_json(body)


def assessment_checkpoint(connection: Connection, case_id: str, round_number: int) -> RunCheckpoint[RiskAssessment]:
    """The saved assessment of one round, or what was done for it so far."""
    saved = saved_assessment(connection, case_id, round_number)
    if saved is not None:
        return RunCheckpoint(saved, {})
    journal = journal_of(connection, case_id, run_id(round_number, "aggregator"))
    return RunCheckpoint(None, journal)
