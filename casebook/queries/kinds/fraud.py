"""Reads cases of fraud: their alerts, their investigation, what was done."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from casebook.queries.alerts import alerts_of
from casebook.queries.kinds.kind import RecordedKind, asked_rounds
from casebook.queries.reversals import other_locks, reversals_of
from casebook.schema.base import PlainRow, table_of
from casebook.schema.cases import CaseRow
from casebook.schema.effects import EffectRow
from casebook.schema.rounds import ReportRow
from contracts.assessment import RiskAssessment
from contracts.effect import Effect
from contracts.fraud_case import FraudCaseView, InvestigatedRound
from contracts.kinds.fraud import FRAUD
from contracts.report import SPECIALISTS, SpecialistReport
from contracts.review import Decision

_CASES, _EFFECTS, _REPORTS = table_of(CaseRow), table_of(EffectRow), table_of(ReportRow)
_REPORTED = select(_REPORTS).where(_REPORTS.c.case_id == bindparam("of_case"))
_DONE = select(_EFFECTS.c.body).where(_EFFECTS.c.case_id == bindparam("of_case")).order_by(_EFFECTS.c.started_seq)
_FOLLOWING = select(_CASES.c.case_id).where(_CASES.c.follows == bindparam("of_case")).order_by(_CASES.c.opened_seq)


def _read_rounds(
    connection: Connection, case_id: str, reviews: Sequence[PlainRow], decisions: Mapping[str, Decision]
) -> tuple[InvestigatedRound, ...]:
    reports: dict[int, list[SpecialistReport]] = {}
    for row in connection.execute(_REPORTED, {"of_case": case_id}):
        reports.setdefault(row.round, []).append(SpecialistReport.model_validate_json(row.body))
    rounds: list[InvestigatedRound] = []
    for asked, body in asked_rounds(connection, case_id, reviews, decisions):
        assessment = None if body is None else RiskAssessment.model_validate_json(body)
        found = sorted(reports.get(asked.round, []), key=lambda report: SPECIALISTS.index(report.specialist))
        # A round that only asks again, for example a manager, uses the reports of the round before it.
        if not found and assessment is not None:
            found = list(assessment.reports)
        rounds.append(InvestigatedRound(**dict(asked), reports=tuple(found), assessment=assessment))
    return tuple(rounds)


def _read_view(
    connection: Connection, case: PlainRow, common: Mapping[str, Any], rounds: Sequence[Any]
) -> FraudCaseView:
    of = {"of_case": case.case_id}
    alerts = alerts_of(connection, case.case_id)
    current = next((each for each in rounds if each.round == case.round), None)
    locks = other_locks(connection, case.case_id, case.customer_id)
    return FraudCaseView.model_validate(
        {
            **common,
            "alert": alerts[0].alert,
            "alerts": alerts,
            "follows": case.follows,
            "merged_into": case.merged_into,
            "followed_by": tuple(connection.execute(_FOLLOWING, of).scalars()),
            "reports": current.reports if current else (),
            "assessment": current.assessment if current else None,
            "earlier_rounds": tuple(each for each in rounds if each.round < case.round),
            "effects": tuple(Effect.model_validate_json(body) for body in connection.execute(_DONE, of).scalars()),
            "reversals": reversals_of(connection, case.case_id),
            "also_locked_by": tuple(lock.case_id for lock in locks),
            "other_locks": locks,
        }
    )


FRAUD_CASES = RecordedKind(FRAUD, RiskAssessment, _read_rounds, _read_view)
