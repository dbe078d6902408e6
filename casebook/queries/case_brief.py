"""Reads the brief of a case: what a step needs on record, instead of what the scheduler says."""

import json
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, select

from casebook.errors import CaseMerged, CaseNotFound, OtherKind
from casebook.policy.review_terms import Limits
from casebook.projection.cases import CaseOpened
from casebook.projection.rounds import Assessed, RoundStarted
from casebook.queries.agent_runs import saved_reports
from casebook.queries.alerts import alerts_in_round
from casebook.schema.base import table_of
from casebook.schema.case_log import CaseEventRow
from casebook.schema.cases import CaseRow
from casebook.schema.reviews import DecisionRow, ReviewRow
from casebook.schema.rounds import RoundRow
from contracts.assessment import RiskAssessment
from contracts.brief import CaseBrief, EarlierRound
from contracts.investigation import Feedback, InvestigationPolicy
from contracts.journal import RunCheckpoint
from contracts.kinds import kind_of
from contracts.kinds.fraud import FRAUD
from contracts.review import Decision

T = TypeVar("T")

_EVENTS, _DECISIONS = table_of(CaseEventRow), table_of(DecisionRow)
_CASES, _REVIEWS, _ROUNDS = table_of(CaseRow), table_of(ReviewRow), table_of(RoundRow)
_MERGED = select(_CASES.c.merged_into).where(_CASES.c.case_id == bindparam("of_case"))
_IS_ASKED = select(_REVIEWS.c.review_id).where(_REVIEWS.c.case_id == bindparam("of_case")).limit(1)
_BEGUN = select(_EVENTS.c.data).where(
    _EVENTS.c.case_id == bindparam("of_case"), _EVENTS.c.dedupe_key == RoundStarted.named(1)
)
_JUDGED_BY = (
    select(_CASES.c.severity, _EVENTS.c.data)
    .select_from(_CASES.join(_EVENTS, _EVENTS.c.case_id == _CASES.c.case_id))
    .where(_CASES.c.case_id == bindparam("of_case"), _EVENTS.c.dedupe_key == bindparam("step"))
)
_ASSESSED = (
    select(_EVENTS.c.data)
    .where(_EVENTS.c.case_id == bindparam("of_case"), _EVENTS.c.type == Assessed.type)
    .order_by(_EVENTS.c.seq)
)
_CONCLUDED = (
    select(_ROUNDS.c.round, _ROUNDS.c.assessment)
    .where(
        _ROUNDS.c.case_id == bindparam("of_case"),
        _ROUNDS.c.round < bindparam("before"),
        _ROUNDS.c.assessment.is_not(None),
    )
    .order_by(_ROUNDS.c.round)
)
_REJECTIONS = select(_DECISIONS.c.round, _DECISIONS.c.body).where(
    _DECISIONS.c.case_id == bindparam("of_case"), _DECISIONS.c.verdict == "reject"
)


def brief_of(connection: Connection, case_id: str, round_number: int, *, reports: bool = True) -> CaseBrief:
    """The case as of one round, with or without its reports. Raises CaseNotFound."""
    of = {"of_case": case_id}
    alerts = alerts_in_round(connection, case_id, round_number)
    if not alerts:
        merged = connection.execute(_MERGED, of).first()
        if merged is None:
            raise CaseNotFound(case_id)
        raise OtherKind(case_id, FRAUD.name) if kind_of(case_id) is not FRAUD else CaseMerged(merged.merged_into)
    begun = connection.execute(_BEGUN, of).scalar()
    kept = saved_reports(connection, case_id, round_number) if reports else {}
    return CaseBrief(
        alert=alerts[0],
        joined=alerts[1:],
        policy=None if begun is None else InvestigationPolicy.model_validate(json.loads(begun)["policy"]),
        reports={report.specialist: report for report in kept.values()},
        feedback={} if round_number == 1 else _feedback(connection, case_id),
        was_asked=(begun is None or round_number > 1) and connection.execute(_IS_ASKED, of).first() is not None,
    )


def earlier_rounds(connection: Connection, case_id: str, before: int) -> tuple[EarlierRound, ...]:
    """What was concluded in the rounds before `before`, and what the person said who rejected it; the oldest first."""
    said = _feedback(connection, case_id)
    rows = connection.execute(_CONCLUDED, {"of_case": case_id, "before": before})
    return tuple(EarlierRound(RiskAssessment.model_validate_json(row.assessment), said.get(row.round)) for row in rows)


def limits_of(connection: Connection, case_id: str) -> Limits | None:
    """The policy of the case; None until the first round of an investigation has begun."""
    is_investigated = kind_of(case_id) is FRAUD
    step = RoundStarted.named(1) if is_investigated else CaseOpened.named()
    row = connection.execute(_JUDGED_BY, {"of_case": case_id, "step": step}).first()
    if row is None:
        return None
    said = json.loads(row.data)
    policy = (said if is_investigated else said["opening"])["policy"]
    return Limits(InvestigationPolicy.model_validate(policy), row.severity)


def was_rated_critical(connection: Connection, case_id: str) -> bool:
    """Whether an assessment of the case ever said so: a later round that knows less does not undo it."""
    return any(said.get("level") == "critical" for said in said_of_assessments(connection, case_id))


def said_of_assessments(connection: Connection, case_id: str) -> list[dict[str, Any]]:
    """What the log says of each assessment that the case ever had, the newest last."""
    return [json.loads(data) for data in connection.execute(_ASSESSED, {"of_case": case_id}).scalars()]


def with_brief(checkpoint: RunCheckpoint[T], brief: CaseBrief) -> RunCheckpoint[T]:
    """The checkpoint of a run that is not over, with what is on record of its case."""
    return replace(checkpoint, brief=brief)


def _feedback(connection: Connection, case_id: str) -> dict[int, Feedback]:
    found: dict[int, Feedback] = {}
    for row in connection.execute(_REJECTIONS, {"of_case": case_id}):
        said = Decision.model_validate_json(row.body)
        found[row.round] = Feedback(round=row.round, text=said.feedback or "", decided_by=said.decided_by)
    return found
