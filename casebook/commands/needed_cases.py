"""Which closed cases are kept, however old they are, because something still needs them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    bindparam,
    exists,
    literal,
    or_,
    select,
    union_all,
)

from casebook.queries.legal_holds import HELD, IS_ONE_WITH_HELD, OTHER_IS_HELD, OTHERS
from casebook.schema.approvals import ReversalRow
from casebook.schema.base import table_of
from casebook.schema.cases import AlertRow, CaseRow
from casebook.schema.effects import EffectRow
from casebook.schema.tasks import TaskRow
from contracts.actions import LOCK

LONGEST_STORY = 100
"""Cases that follow one another and are looked at: the last of them keeps that many before it."""

_CASES, _EFFECTS, _REVERSALS, _TASKS = map(table_of, (CaseRow, EffectRow, ReversalRow, TaskRow))
_ALERTS = table_of(AlertRow)
_THEIRS = _ALERTS.alias("theirs")
_AMONG: BindParameter[Any] = bindparam("cases", expanding=True)
_IN_USE = or_(OTHERS.c.state != "closed", OTHER_IS_HELD)


def needed_cases(connection: Connection, cases: Sequence[str]) -> set[str]:
    """Those of the cases, which are locked, that something still needs.

    What they are one story with is locked as well, so that no legal hold is placed there until the transaction ends;
    whatever belongs to one that somebody else has locked is kept this time.
    """
    among = {"cases": cases}
    beside: dict[str, set[str]] = {}
    for row in connection.execute(_BESIDE, among):
        beside.setdefault(row.other, set()).add(row.case_id)
    locked = connection.execute(_LOCK, {"cases": [*beside]}).scalars() if beside else ()
    in_hand = beside.keys() - {*locked}
    needed = {*connection.execute(_NEEDED, among).scalars(), *connection.execute(_FOLLOWED, among).scalars()}
    return needed.union(*(beside[other] for other in in_hand))


def _reasons() -> Sequence[ColumnElement[bool]]:
    case_id = _CASES.c.case_id
    of_effect = (_REVERSALS.c.case_id == _EFFECTS.c.case_id, _REVERSALS.c.undoes == _EFFECTS.c.key)
    undone = exists().where(*of_effect, _REVERSALS.c.status == "done")
    return (
        HELD,
        IS_ONE_WITH_HELD,
        # The account may still be locked, and this is the record of why.
        exists().where(
            _EFFECTS.c.case_id == case_id, _EFFECTS.c.action == LOCK, _EFFECTS.c.status != "failed", ~undone
        ),
        exists().where(_REVERSALS.c.case_id == case_id, _REVERSALS.c.status.in_(("requested", "approved"))),
        # An open case may give an alert back to it.
        exists().where(_IN_USE, OTHERS.c.case_id == _CASES.c.merged_into),
        exists().where(_TASKS.c.case_id == case_id, _TASKS.c.state == "open"),
    )


_NEEDED = select(_CASES.c.case_id).where(_CASES.c.case_id.in_(_AMONG), or_(*_reasons()))

_story = (
    select(_CASES.c.case_id.label("first"), _CASES.c.case_id.label("case_id"), literal(0).label("steps"))
    .where(_CASES.c.case_id.in_(_AMONG))
    .cte("story", recursive=True)
)
_STORY = _story.union_all(
    select(_story.c.first, OTHERS.c.case_id, _story.c.steps + 1).where(
        OTHERS.c.follows == _story.c.case_id, _story.c.steps < LONGEST_STORY
    )
)
"""The cases, and those that go on from them, one after another."""
_LATER = (_STORY.c.steps > 0, OTHERS.c.case_id == _STORY.c.case_id)
_FOLLOWED = select(_STORY.c.first).distinct().where(*_LATER, _IN_USE)
"""One that is open goes on from it; one under a legal hold is part of one story with it."""


def _with_alerts_of(row: ColumnElement[bool]) -> Select[Any, Any]:
    """The cases that have, or had, an alert of these; `row`: which rows of that alert, each by an index of its own."""
    same = (_THEIRS.c.alert_id == _ALERTS.c.alert_id, _THEIRS.c.case_id != _ALERTS.c.case_id)
    return select(_ALERTS.c.case_id, _THEIRS.c.case_id).where(_ALERTS.c.case_id.in_(_AMONG), *same, row)


_BESIDE = union_all(
    select(_STORY.c.first.label("case_id"), OTHERS.c.case_id.label("other")).where(*_LATER),
    # What it was merged into may have been purged before it.
    select(_CASES.c.case_id, OTHERS.c.case_id).where(
        _CASES.c.case_id.in_(_AMONG), OTHERS.c.case_id == _CASES.c.merged_into
    ),
    _with_alerts_of(_THEIRS.c.moved_to.is_(None)),
    _with_alerts_of(_THEIRS.c.moved_to.is_not(None)),
)
"""What a legal hold would keep them by."""
_LOCK = select(_CASES.c.case_id).where(_CASES.c.case_id.in_(_AMONG)).with_for_update(read=True, skip_locked=True)
