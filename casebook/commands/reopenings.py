"""Opens a closed case again, from where it broke. Each command runs inside one transaction."""

from collections.abc import Collection
from datetime import datetime
from typing import cast

from sqlalchemy import Connection

from casebook.case_log.append import append
from casebook.case_log.guard_facts import guard_facts_of
from casebook.case_log.locked_case import LockedCase, lock_case
from casebook.commands.investigation import conclude
from casebook.commands.outbox import unschedule
from casebook.commands.recovery import failed_closed
from casebook.errors import CaseOpen, NotAllowed, NotReopenable
from casebook.policy.actors import SYSTEM
from casebook.policy.guards import GuardFacts
from casebook.projection.reopenings import REOPENED, CaseReopened
from casebook.queries.agent_runs import saved_assessment
from casebook.queries.alerts import alerts_in_round
from contracts.actions import RecommendedAction, action_of
from contracts.assessment import RiskAssessment
from contracts.case import CaseOutcome
from contracts.review import Role, may_act_as

REASON = "The case was opened again: {}"


def reopen_case(
    connection: Connection, case_id: str, subject: str, roles: Collection[Role], reason: str, now: datetime
) -> None:
    """Ask a person again about what a closed case has left, in a round of its own, and let it be started again.

    What is done stays done. The new orchestration resumes with this question.
    """
    case = lock_case(connection, case_id)
    if not may_act_as(roles, "manager"):
        raise NotAllowed("manager")
    outcome = _reopenable(case)
    question = _question(connection, case, guard_facts_of(connection, case), REASON.format(reason))
    reopened = CaseReopened(round=question.round, outcome=outcome, reason=reason)
    append(connection, case, reopened, subject, now)
    conclude(connection, case, question, SYSTEM, now)
    unschedule(connection, case_id)


def _reopenable(case: LockedCase) -> CaseOutcome:
    if case.state != "closed":
        raise CaseOpen
    if case.outcome not in REOPENED:
        raise NotReopenable(case.outcome)
    return cast("CaseOutcome", case.outcome)


def _question(connection: Connection, case: LockedCase, found: GuardFacts, reason: str) -> RiskAssessment:
    """What was concluded last; it recommends what was approved of it and is not done."""
    concluded = saved_assessment(connection, case.case_id, case.round)
    if concluded is None:
        return failed_closed(case.round + 1, reason, alerts_in_round(connection, case.case_id, case.round + 1))
    left = set(found.approved) - found.done
    recommended: RecommendedAction | None = action_of(left) if left else concluded.recommended_action
    changes = {
        "round": case.round + 1,
        "recommended_action": recommended,
        "route": "review",
        "route_reasons": tuple(dict.fromkeys((*concluded.route_reasons, reason))),
        "quality_check": False,
    }
    return concluded.model_copy(update=changes)
