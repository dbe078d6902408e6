"""Reversals: requested by one person, approved by another, carried out once, on closed cases as well.

Each command runs inside one transaction. A reversal never changes the state of the case: decision and effect remain,
with the reversal beside them.
"""

from collections.abc import Collection
from datetime import datetime
from typing import cast

from sqlalchemy import Connection, bindparam, func, select, update

from casebook.case_log.append import append, is_logged
from casebook.case_log.locked_case import LockedCase, lock_case
from casebook.errors import (
    EffectNotFound,
    NotAllowed,
    NotAsRequested,
    NothingToReverse,
    NotReversible,
    ReversalAlreadyDecided,
    ReversalExists,
    ReversalNotFound,
    SameRequester,
    TooManyReversals,
)
from casebook.policy.actors import SYSTEM, WORKER
from casebook.projection.reversals import (
    ACTIVE,
    APPROVED,
    ReversalDecided,
    ReversalFinished,
    ReversalRequested,
    ReversalStarted,
)
from casebook.schema.approvals import ReversalRow
from casebook.schema.base import table_of
from casebook.schema.cases import CaseRow
from casebook.schema.effects import EffectRow
from contracts.actions import EFFECTS, REVERSALS, EffectAction
from contracts.effect import Effect
from contracts.ids import reversal_id, reversal_key
from contracts.reversal import Reversal, ReversalStatus
from contracts.review import Role, Verdict, may_act_as

REQUESTS: Role = "analyst"
DECIDES: Role = "manager"
MOST = 100
"""How many requests one case takes: each is on its page, and several times in its log."""

_REVERSALS, _EFFECTS, _CASES = table_of(ReversalRow), table_of(EffectRow), table_of(CaseRow)
_REVERSAL = select(_REVERSALS.c.body).where(
    _REVERSALS.c.reversal_id == bindparam("wanted"), _REVERSALS.c.case_id == bindparam("of_case")
)
_COUNT = select(func.count()).where(_REVERSALS.c.case_id == bindparam("of_case"))
_CURRENT = select(_REVERSALS.c.body).where(
    _REVERSALS.c.undoes == bindparam("of_effect"), _REVERSALS.c.status.in_(ACTIVE)
)
_EFFECT = select(_EFFECTS.c.action, _EFFECTS.c.status).where(
    _EFFECTS.c.key == bindparam("of_effect"), _EFFECTS.c.case_id == bindparam("of_case")
)
_SCHEDULED = (
    update(_REVERSALS)
    .where(_REVERSALS.c.reversal_id == bindparam("wanted"))
    .values(scheduled_at=func.coalesce(_REVERSALS.c.scheduled_at, bindparam("now")))
)


def request_reversal(
    connection: Connection, case_id: str, undoes: str, reason: str, subject: str, roles: Collection[Role], now: datetime
) -> Reversal:
    """Ask for an effect to be reversed. Raises TooManyReversals."""
    _require(roles, REQUESTS)
    case = lock_case(connection, case_id)
    effect = connection.execute(_EFFECT, {"of_effect": undoes, "of_case": case_id}).first()
    if effect is None:
        raise EffectNotFound(case_id, undoes)
    if effect.status != "done":
        raise NothingToReverse(effect.action, effect.status)
    _refuse_second(connection, undoes)
    counted = connection.execute(_COUNT, {"of_case": case_id}).scalar_one()
    if counted >= MOST:
        raise TooManyReversals(MOST)
    action = EFFECTS[cast("EffectAction", effect.action)].reversal
    reversal = Reversal(
        reversal_id=reversal_id(case_id, action, counted + 1),
        case_id=case_id,
        action=action,
        undoes=undoes,
        status="requested",
        reason=reason,
        requested_by=subject,
        requested_at=now,
    )
    append(connection, case, ReversalRequested(**dict(reversal)), subject, now)
    return reversal


def decide_reversal(
    connection: Connection,
    case_id: str,
    number: int,
    verdict: Verdict,
    comment: str | None,
    subject: str,
    roles: Collection[Role],
    now: datetime,
) -> Reversal:
    """Approve or refuse a request. Who asked may withdraw it, and nothing else."""
    case = lock_case(connection, case_id)
    asked = _numbered(connection, case_id, number)
    if asked.status != "requested":
        raise ReversalAlreadyDecided(asked.decided_by or WORKER, asked.status)
    if not (verdict == "reject" and subject == asked.requested_by):
        _require(roles, DECIDES)
        if subject == asked.requested_by:
            raise SameRequester
    decided = asked.model_copy(
        update={
            "status": "approved" if verdict == "approve" else "refused",
            "decided_by": subject,
            "decided_at": now,
            "comment": comment,
        }
    )
    append(connection, case, ReversalDecided(**dict(decided)), subject, now)
    return decided


def approved_reversal(connection: Connection, case_id: str, wanted: str, undoes: str) -> Reversal:
    """The reversal as it is on record. Raises NotReversible for one that is not there, or that nobody approved."""
    reversal = _find(connection, case_id, wanted)
    if reversal is None or reversal.status not in APPROVED:
        raise NotReversible(wanted, "anything" if reversal is None else reversal.action)
    if reversal.undoes != undoes:
        raise NotAsRequested(wanted)
    return reversal


def start_reversal(connection: Connection, case_id: str, wanted: str, effect: Effect, now: datetime) -> None:
    """Note that an approved reversal is about to happen."""
    case, reversal = _approved(connection, case_id, wanted, effect)
    started = ReversalStarted(**dict(reversal.model_copy(update={"effect": effect})))
    if is_logged(connection, case_id, started.dedupe_key()):
        return
    if reversal.status != "approved":
        raise NotReversible(wanted, effect.action)
    append(connection, case, started, WORKER, now)


def finish_reversal(connection: Connection, case_id: str, wanted: str, effect: Effect, now: datetime) -> None:
    """Record the result of a reversal. Done and failed are final; with an unknown result it stays approved.

    `done` is recorded even after it was given up, as long as nobody has requested it again.
    """
    case, reversal = _approved(connection, case_id, wanted, effect)
    status: ReversalStatus = effect.status if effect.status in ("done", "failed") else "approved"
    finished = ReversalFinished(**dict(reversal.model_copy(update={"status": status, "effect": effect})))
    late = (reversal.status, status) == ("failed", "done") and _current(connection, reversal.undoes) is None
    if not (late or reversal.status == "approved") or is_logged(connection, case_id, finished.dedupe_key()):
        return
    append(connection, case, finished, WORKER, now)


def fail_reversal(connection: Connection, case_id: str, wanted: str, reason: str, now: datetime) -> Reversal | None:
    """End an approved reversal whose orchestration is over, so that it can be requested again. None when it has ended.

    Where it had begun, its effect is `unknown`; where it had not, nothing was sent and nothing will be.
    """
    case = lock_case(connection, case_id)
    reversal = _find(connection, case_id, wanted)
    if reversal is None:
        raise ReversalNotFound(wanted)
    if reversal.status != "approved":
        return None
    begun = is_logged(connection, case_id, ReversalStarted.named(wanted))
    effect = Effect(
        key=_effect_key(reversal),
        action=reversal.action,
        status="unknown" if begun else "failed",
        result={"error": reason},
    )
    failed = reversal.model_copy(update={"status": "failed", "effect": effect})
    append(connection, case, ReversalFinished(**dict(failed)), SYSTEM, now)
    return failed


def mark_reversal_scheduled(connection: Connection, wanted: str, now: datetime) -> None:
    """Remember that the orchestration of a reversal exists."""
    if not connection.execute(_SCHEDULED, {"wanted": wanted, "now": now}).rowcount:
        raise ReversalNotFound(wanted)


def _require(roles: Collection[Role], required: Role) -> None:
    if not may_act_as(roles, required):
        raise NotAllowed(required)


def _refuse_second(connection: Connection, undoes: str) -> None:
    current = _current(connection, undoes)
    if current is not None:
        raise ReversalExists(current.requested_by, current.status)


def _current(connection: Connection, undoes: str) -> Reversal | None:
    body = connection.execute(_CURRENT, {"of_effect": undoes}).scalar_one_or_none()
    return None if body is None else Reversal.model_validate_json(body)


def _find(connection: Connection, case_id: str, wanted: str) -> Reversal | None:
    body = connection.execute(_REVERSAL, {"wanted": wanted, "of_case": case_id}).scalar()
    return None if body is None else Reversal.model_validate_json(body)


def _numbered(connection: Connection, case_id: str, number: int) -> Reversal:
    for action in REVERSALS:
        reversal = _find(connection, case_id, reversal_id(case_id, action, number))
        if reversal is not None:
            return reversal
    raise ReversalNotFound(f"{case_id}:{number}")


def _approved(connection: Connection, case_id: str, wanted: str, effect: Effect) -> tuple[LockedCase, Reversal]:
    case = lock_case(connection, case_id)
    reversal = _find(connection, case_id, wanted)
    if reversal is None:
        raise ReversalNotFound(wanted)
    if reversal.status not in APPROVED or effect.action != reversal.action:
        raise NotReversible(wanted, effect.action)
    if effect.key != _effect_key(reversal):
        raise NotAsRequested(wanted)
    return case, reversal


def _effect_key(reversal: Reversal) -> str:
    return reversal_key(reversal.case_id, reversal.action, reversal.undoes, reversal.reversal_id)
