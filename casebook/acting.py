"""Carrying out what was approved: what is about to happen, and what came of it. Each inside one transaction."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import Connection, bindparam, insert, select, update

from casebook.errors import NotApproved
from casebook.held import HeldCase, hold
from casebook.investigating import WORKER, move, refuse_closed
from casebook.log import Entry, append, is_logged
from casebook.tables import DecisionRow, EffectRow, table_of
from contracts.assessment import EFFECTS_OF
from contracts.effect import Effect
from contracts.review import Decision

_EFFECTS, _DECISIONS = table_of(EffectRow), table_of(DecisionRow)
_STATUS = select(_EFFECTS.c.status).where(_EFFECTS.c.key == bindparam("of_effect"))
_BEGIN = insert(_EFFECTS)
_END = update(_EFFECTS).where(_EFFECTS.c.key == bindparam("of_effect"))
_APPROVALS = select(_DECISIONS.c.body).where(
    _DECISIONS.c.case_id == bindparam("case_id"),
    _DECISIONS.c.round == bindparam("round"),
    _DECISIONS.c.verdict == "approve",
)


def start_effect(connection: Connection, case_id: str, effect: Effect, now: datetime) -> None:
    """Note that an approved effect is about to happen."""
    case = hold(connection, case_id)
    if _status_of(connection, effect) is not None:
        return
    refuse_closed(case)
    _refuse_unapproved(connection, case, effect, has_begun=False)
    move(case, "acting")
    key = f"effect_started:{effect.key}"
    seq = append(connection, case, Entry("effect_started", key, WORKER, effect.model_dump(mode="json")), now)
    _add_effect(connection, case_id, effect, seq)


def finish_effect(connection: Connection, case_id: str, effect: Effect, now: datetime) -> None:
    """Note what came of an effect. One that is done stays done."""
    case = hold(connection, case_id)
    status = _status_of(connection, effect)
    key = f"effect_finished:{effect.key}:{effect.status}"
    if status == "done" or is_logged(connection, case_id, key):
        return
    refuse_closed(case)
    _refuse_unapproved(connection, case, effect, has_begun=status is not None)
    move(case, "acting")
    seq = append(connection, case, Entry("effect_finished", key, WORKER, effect.model_dump(mode="json")), now)
    if status is None:
        _add_effect(connection, case_id, effect, seq)
    else:
        changes = {"status": effect.status, "body": effect.model_dump_json()}
        connection.execute(_END, {"of_effect": effect.key, **changes})


def note_changed_facts(
    connection: Connection, case_id: str, round_number: int, changes: Sequence[str], now: datetime
) -> None:
    """Note that what the approval of a round relied on has changed: from here on that approval allows nothing."""
    case = hold(connection, case_id)
    key = facts_changed(round_number)
    if is_logged(connection, case_id, key):
        return
    refuse_closed(case)
    data: dict[str, JsonValue] = {"round": round_number, "changes": list(changes)}
    append(connection, case, Entry("facts_changed", key, WORKER, data), now)


def _status_of(connection: Connection, effect: Effect) -> str | None:
    """How far an effect is; None: nobody has begun with it."""
    return connection.execute(_STATUS, {"of_effect": effect.key}).scalar()


def _add_effect(connection: Connection, case_id: str, effect: Effect, seq: int) -> None:
    row = {
        "key": effect.key,
        "case_id": case_id,
        "action": effect.action,
        "status": effect.status,
        "started_seq": seq,
        "body": effect.model_dump_json(),
    }
    connection.execute(_BEGIN, row)


def _refuse_unapproved(connection: Connection, case: HeldCase, effect: Effect, *, has_begun: bool) -> None:
    """Changed facts end an approval, but not of an effect that has begun: what came of it must be told."""
    bodies = connection.execute(_APPROVALS, {"case_id": case.case_id, "round": case.round}).scalars().all()
    stands = has_begun or not is_logged(connection, case.case_id, facts_changed(case.round))
    for body in bodies:
        approved = Decision.model_validate_json(body).action
        if approved is not None and effect.action in EFFECTS_OF[approved] and stands:
            return
    raise NotApproved(case.case_id, effect.action)


def facts_changed(round_number: int) -> str:
    """The step of noting that what the approval of a round relied on has changed."""
    return f"facts_changed:{round_number}"
