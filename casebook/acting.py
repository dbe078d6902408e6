"""Carrying out what was approved: what is about to happen, and what came of it. Each inside one transaction."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from casebook.errors import NotApproved
from casebook.investigating import WORKER, locked_case, move, refuse_closed
from casebook.log import Entry, append, is_logged
from casebook.tables import CaseRow, DecisionRow, EffectRow
from contracts.assessment import EFFECTS_OF
from contracts.effect import Effect
from contracts.review import Decision


def start_effect(session: Session, case_id: str, effect: Effect, now: datetime) -> None:
    """Note that an approved effect is about to happen."""
    case = locked_case(session, case_id)
    if session.get(EffectRow, effect.key) is not None:
        return
    refuse_closed(case)
    _refuse_unapproved(session, case, effect)
    move(case, "acting")
    key = f"effect_started:{effect.key}"
    seq = append(session, case, Entry("effect_started", key, WORKER, effect.model_dump(mode="json")), now)
    _add_effect(session, case_id, effect, seq)


def finish_effect(session: Session, case_id: str, effect: Effect, now: datetime) -> None:
    """Note what came of an effect. One that is done stays done."""
    case = locked_case(session, case_id)
    row = session.get(EffectRow, effect.key)
    key = f"effect_finished:{effect.key}:{effect.status}"
    if (row is not None and row.status == "done") or is_logged(session, case_id, key):
        return
    refuse_closed(case)
    _refuse_unapproved(session, case, effect)
    move(case, "acting")
    seq = append(session, case, Entry("effect_finished", key, WORKER, effect.model_dump(mode="json")), now)
    if row is None:
        _add_effect(session, case_id, effect, seq)
    else:
        row.status = effect.status
        row.body = effect.model_dump_json()


def note_changed_facts(
    session: Session, case_id: str, round_number: int, changes: Sequence[str], now: datetime
) -> None:
    """Note that what the approval of a round relied on has changed: from here on that approval allows nothing."""
    case = locked_case(session, case_id)
    key = _facts_changed(round_number)
    if is_logged(session, case_id, key):
        return
    refuse_closed(case)
    data: dict[str, JsonValue] = {"round": round_number, "changes": list(changes)}
    append(session, case, Entry("facts_changed", key, WORKER, data), now)


def _add_effect(session: Session, case_id: str, effect: Effect, seq: int) -> None:
    session.add(
        EffectRow(
            key=effect.key,
            case_id=case_id,
            action=effect.action,
            status=effect.status,
            started_seq=seq,
            body=effect.model_dump_json(),
        )
    )


def _refuse_unapproved(session: Session, case: CaseRow, effect: Effect) -> None:
    approvals = session.scalars(
        select(DecisionRow).where(
            DecisionRow.case_id == case.case_id, DecisionRow.verdict == "approve", DecisionRow.round == case.round
        )
    )
    for row in approvals:
        approved = Decision.model_validate_json(row.body).action
        stands = session.get(EffectRow, effect.key) is not None or not is_logged(
            session, case.case_id, _facts_changed(row.round)
        )
        if approved is not None and effect.action in EFFECTS_OF[approved] and stands:
            return
    raise NotApproved(case.case_id, effect.action)


def _facts_changed(round_number: int) -> str:
    return f"facts_changed:{round_number}"
