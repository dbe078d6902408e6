"""Keeps what the learned risk score learns, and its models. Each command runs inside one transaction.

All lock the learner's row first, then the desk log: so models follow each other.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from casebook.case_log.desk_chain import Changed
from casebook.commands.desk_log import log_change
from casebook.errors import LearnerChanged, ModelsChanged
from casebook.queries.risk_score import (
    LEARNER,
    LESSONS,
    MODELS,
    model_name,
    model_row,
    model_values,
    newest_number,
)
from contracts.risk_score import ModelRollBack, NewModel

EFFECTIVE_AFTER = timedelta(minutes=10)
"""So long after it was made a model scores, by the times of charges: every process has read it by then, so that a
charge is scored by the same model however often and wherever it is judged."""

_LOCK = select(LEARNER.c.revision, LEARNER.c.line, LEARNER.c.last_lesson).with_for_update()


def add_lessons(connection: Connection, body: bytes) -> None:
    """Put charges whose labels are known on record, to be learned."""
    number = connection.execute(_LOCK).one().last_lesson + 1
    connection.execute(update(LEARNER).values(last_lesson=number))
    connection.execute(insert(LESSONS), {"number": number, "body": body})


def save_learner(
    connection: Connection,
    revision: int,
    line: int | None,
    document: bytes,
    learned: Sequence[int],
    new: NewModel | None,
    now: datetime,
) -> int | None:
    """Save what was learned, and forget these lessons; the number of the new model, if there is one, which begins a
    line where `line` is None. Raises LearnerChanged where another process has learned since `revision` was read: the
    lessons may be the same."""
    found = connection.execute(_LOCK).one()
    if found.revision != revision:
        raise LearnerChanged
    number = None
    if new is not None:
        number = newest_number(connection) + 1
        line = number if line is None else line
        made = asdict(new)
        made |= {"number": number, "line": line, "made_at": now, "effective_at": now + EFFECTIVE_AFTER}
        connection.execute(insert(MODELS), made)
    connection.execute(update(LEARNER).values(revision=revision + 1, line=line, document=document))
    if learned:
        connection.execute(delete(LESSONS).where(LESSONS.c.number <= max(learned)))
    return number


def roll_back(connection: Connection, order: ModelRollBack, actor: str, now: datetime) -> int:
    """Make an earlier model the newest, in a line of its own, and learn on from it; its number. Raises ModelNotFound,
    and ModelsChanged where another model was made since."""
    revision = connection.execute(_LOCK).one().revision
    base, newest = model_row(connection, order.number), newest_number(connection)
    if newest != order.current:
        raise ModelsChanged(newest)
    number = newest + 1
    made = {
        "number": number,
        "line": number,
        "may_alert": False,
        "made_at": now,
        "effective_at": now + EFFECTIVE_AFTER,
        "frauds": base.frauds,
        "others": base.others,
        "learned_until": base.learned_until,
        "made_by": actor,
        "rolled_back_to": order.number,
        "reason": order.reason,
        "document": base.document,
    }
    connection.execute(insert(MODELS), made)
    connection.execute(update(LEARNER).values(revision=revision + 1, line=number, document=base.document))
    before, after = (model_values(model_row(connection, each)) for each in (newest, number))
    log_change(connection, Changed(now, actor, "model_rolled_back", model_name(number), before, after))
    return number
