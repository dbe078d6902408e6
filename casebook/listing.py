"""The case list: filtered, in any of its orders, page by page. Every order is that of an index."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, func, literal, literal_column, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from casebook.claims import unclaimed
from casebook.lifecycle import MOVES
from casebook.pages import CasePage, Position, Seq, page_length, read_position, write_position
from casebook.queries import ME, NOBODY, CaseQuery, QueueCounts
from casebook.searching import Search
from casebook.summaries import summarise
from casebook.tables import CaseRow
from contracts.case import CaseState, CaseSummary
from contracts.model import Score, UtcDateTime

COUNTED = 1_000
"""Up to so many cases a list says how many it has; beyond, counting costs more than it tells."""


@dataclass(frozen=True)
class Order:
    """Columns of an index, and what a position in it looks like."""

    columns: tuple[InstrumentedAttribute[Any], ...]
    position: TypeAdapter[Position]
    has_gaps: bool = False
    """Whether the first column may be null; rows without a value follow those that have one."""


ORDERS: Mapping[str, Order] = {
    "opened": Order((CaseRow.opened_seq,), TypeAdapter(tuple[str, Seq])),
    "updated": Order((CaseRow.last_seq,), TypeAdapter(tuple[str, Seq])),
    "due": Order(
        (CaseRow.due_at, CaseRow.urgency, CaseRow.opened_seq),
        TypeAdapter(tuple[str, UtcDateTime | None, Seq, Seq]),
        has_gaps=True,
    ),
    "score": Order((CaseRow.risk_score, CaseRow.opened_seq), TypeAdapter(tuple[str, Score | None, Seq]), has_gaps=True),
}


def list_cases(
    session: Session, query: CaseQuery, subject: str, now: datetime, limit: int, cursor: str | None
) -> CasePage:
    """One page. Raises MalformedCursor for a cursor of another query."""
    length = page_length(limit)
    order = ORDERS[query.sort.removeprefix("-")]
    position = None if cursor is None else read_position(order.position, query, cursor)
    rows = _Walk(session, query, order, subject, now).rows(position, length + 1)
    shown = rows[:length]
    more = None
    if len(rows) > length:
        more = write_position(order.position, query, [getattr(shown[-1], each.key) for each in order.columns])
    whole = cursor is None and more is None
    return CasePage(
        items=summarise(session, shown, now),
        next_cursor=more,
        total=len(shown) if whole else _total(session, query),
    )


class _Walk:
    """One query on its way through its index."""

    def __init__(self, session: Session, query: CaseQuery, order: Order, subject: str, now: datetime) -> None:
        self._session = session
        self._order = order
        self._descending = query.sort.startswith("-")
        self._states = query.state
        self._conditions = _conditions(query, subject, now)
        search = None if query.q is None else Search(session, query.q)
        self._is_hopeless = search is not None and search.is_hopeless
        if search is not None and not search.is_hopeless:
            self._conditions.append(search.condition())
        # What few cases have in common finds them at once: better sort these than walk all in order.
        self._are_few = (
            query.customer_id is not None
            or query.assignee not in (None, NOBODY)
            or (search is not None and not search.is_hopeless and search.are_few)
        )

    def rows(self, position: Sequence[Any] | None, wanted: int) -> list[CaseRow]:
        """The next rows after `position`, at most `wanted`."""
        if self._is_hopeless:
            return []
        if not self._order.has_gaps:
            return self._fetch(self._after(position, 0), wanted)
        first = self._order.columns[0]
        found: list[CaseRow] = []
        if position is None or position[0] is not None:
            found = self._fetch([first.is_not(None), *self._after(position, 0)], wanted)
            position = None
        if len(found) < wanted:
            found += self._fetch([first.is_(None), *self._after(position, 1)], wanted - len(found))
        return found

    def _after(self, position: Sequence[Any] | None, skipped: int) -> list[ColumnElement[bool]]:
        if position is None:
            return []
        columns = self._order.columns[skipped:]
        here = tuple_(*(literal(value, each.type) for each, value in zip(columns, position[skipped:], strict=True)))
        return [tuple_(*columns) < here if self._descending else tuple_(*columns) > here]

    def _fetch(self, further: Sequence[ColumnElement[bool]], wanted: int) -> list[CaseRow]:
        """The first rows. Of several states, the first of each: no index has them all in order."""
        conditions = [*self._conditions, *further]
        if not self._states or self._are_few:
            if self._states:
                conditions.append(_off_index(self._session, CaseRow.state).in_(self._states))
            return self._select(conditions, wanted)
        found = [
            row
            for state in dict.fromkeys(self._states)
            for row in self._select([*conditions, CaseRow.state == state], wanted)
        ]
        return sorted(found, key=self._key, reverse=self._descending)[:wanted]

    def _select(self, conditions: Sequence[ColumnElement[bool]], wanted: int) -> list[CaseRow]:
        columns: list[ColumnElement[Any]] = [each.expression for each in self._order.columns]
        if self._are_few:
            columns = [_off_index(self._session, each) for each in self._order.columns]
        ordered = [each.desc() if self._descending else each.asc() for each in columns]
        return [*self._session.scalars(select(CaseRow).where(*conditions).order_by(*ordered).limit(wanted))]

    def _key(self, row: CaseRow) -> tuple[Any, ...]:
        return tuple(value for each in self._order.columns if (value := getattr(row, each.key)) is not None)


def find_cases(session: Session, cases: Sequence[str], now: datetime) -> dict[str, CaseSummary]:
    """The rows of those of `cases` that exist, by case id."""
    rows = session.scalars(select(CaseRow).where(CaseRow.case_id.in_(cases))).all()
    return {summary.case_id: summary for summary in summarise(session, rows, now)}


def counts(session: Session, subject: str, now: datetime) -> QueueCounts:
    """How many cases there are in each state, and of those that wait for a person."""
    waiting = _count(session, CaseRow.due_at.is_not(None))
    claimed = _count(
        session, CaseRow.claimed_by.is_not(None), CaseRow.claim_expires_at > now, CaseRow.due_at.is_not(None)
    )
    return QueueCounts(
        states=count_states(session),
        overdue=_count(session, CaseRow.due_at <= now),
        unclaimed=waiting - claimed,
        mine=_count(session, CaseRow.claimed_by == subject, CaseRow.claim_expires_at > now),
    )


def count_states(session: Session) -> dict[CaseState, int]:
    """How many cases are in each state, those without any included."""
    found = dict(session.execute(select(CaseRow.state, func.count()).group_by(CaseRow.state)).all())
    return {state: found.get(state, 0) for state in MOVES}


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.execute(select(func.count()).select_from(CaseRow).where(*conditions)).scalar_one()


def _total(session: Session, query: CaseQuery) -> int | None:
    """How many cases a query finds, if an index tells it after few steps."""
    if query.model_dump(exclude={"state", "sort"}, exclude_defaults=True):
        return None
    some = select(CaseRow.case_id)
    if query.state:
        some = some.where(CaseRow.state.in_(query.state))
    counted = session.execute(select(func.count()).select_from(some.limit(COUNTED + 1).subquery())).scalar_one()
    return counted if counted <= COUNTED else None


def _conditions(query: CaseQuery, subject: str, now: datetime) -> list[ColumnElement[bool]]:
    equal = {
        CaseRow.risk_level: query.risk_level,
        CaseRow.rule_id: query.rule,
        CaseRow.customer_id: query.customer_id,
        CaseRow.severity: query.severity,
        CaseRow.outcome: query.outcome,
        CaseRow.label: query.label,
    }
    conditions: list[ColumnElement[bool]] = [each == value for each, value in equal.items() if value is not None]
    if query.min_score is not None:
        conditions.append(CaseRow.risk_score >= query.min_score)
    if query.max_score is not None:
        conditions.append(CaseRow.risk_score <= query.max_score)
    if query.opened_after is not None:
        conditions.append(CaseRow.opened_at >= query.opened_after)
    if query.opened_before is not None:
        conditions.append(CaseRow.opened_at < query.opened_before)
    if query.opened_within_hours is not None:
        conditions.append(CaseRow.opened_at >= now - timedelta(hours=query.opened_within_hours))
    if query.opened_over_hours is not None:
        conditions.append(CaseRow.opened_at < now - timedelta(hours=query.opened_over_hours))
    if query.due_before is not None:
        conditions.append(CaseRow.due_at < query.due_before)
    if query.due_within_hours is not None:
        conditions.append(CaseRow.due_at < now + timedelta(hours=query.due_within_hours))
    if query.overdue is not None:
        conditions.append(
            CaseRow.due_at <= now if query.overdue else or_(CaseRow.due_at.is_(None), CaseRow.due_at > now)
        )
    if query.assignee == NOBODY:
        conditions.append(unclaimed(now))
    elif query.assignee is not None:
        holder = subject if query.assignee == ME else query.assignee
        conditions += [CaseRow.claimed_by == holder, CaseRow.claim_expires_at > now]
    return conditions


def _off_index(session: Session, column: InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    """The column, in a form that keeps SQLite from choosing an index for it: it has no figures to choose by."""
    if session.get_bind().dialect.name != "sqlite":
        return column.expression
    return literal_column(f'+"case".{column.key}', column.type)
