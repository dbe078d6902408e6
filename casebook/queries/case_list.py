"""The case list: filtered, in any of its orders, page by page. Every order is that of an index."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from typing import Any, Literal, Protocol, TypeAlias

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Tuple, func, literal, literal_column, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from casebook.commands.claims import unclaimed
from casebook.policy.lifecycle import MOVES
from casebook.queries import full_text
from casebook.queries.case_summary import SUMMARISED, summarise
from casebook.queries.cursors import CasePage, Position, Seq, page_length, read_position, write_position
from casebook.queries.filters import ME, NOBODY, CaseQuery, QueueCounts
from casebook.queries.full_text import Search
from casebook.schema.cases import CaseRow, PlainRow, table_of
from contracts.base import Score, UtcDateTime
from contracts.case import CaseState, CaseSummary

COUNTED = 1_000
"""Up to so many cases a list says how many it has; beyond, counting costs more than it tells."""

_CASE = table_of(CaseRow)
# What the rows show and what they are sorted by, as plain rows: an object for each takes longer than the query.
_LISTED = select(*(_CASE.c[name] for name in dict.fromkeys((*SUMMARISED, "opened_seq", "last_seq", "priority"))))

_Column: TypeAlias = InstrumentedAttribute[Any]
_Columns: TypeAlias = Sequence[_Column]
_Comparable: TypeAlias = _Column | ColumnElement[Any]
_Conditions: TypeAlias = Sequence[ColumnElement[bool]]
_Side: TypeAlias = Literal["least", "greatest"]
"""Which end of the values of a column a condition bounds."""


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
        (CaseRow.due_at, CaseRow.priority, CaseRow.opened_seq),
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


@dataclass(frozen=True)
class _Stretch:
    """A part of an order's index."""

    columns: _Columns
    """By which its rows differ, in order."""
    conditions: _Conditions
    is_entered: bool
    """Whether it is read from a position on."""
    valued: _Column | None = None
    """The column of which its rows have a value."""


class _Walk:
    """One query on its way through its order."""

    def __init__(self, session: Session, query: CaseQuery, order: Order, subject: str, now: datetime) -> None:
        self._session = session
        self._order = order
        self._descending = query.sort.startswith("-")
        self._states = tuple(dict.fromkeys(query.state))
        self._filters = partial(_conditions, query, subject, now)
        self._search = None if query.q is None else Search(session, query.q)
        self._key_of_few = CaseRow.customer_id if query.customer_id is not None else None
        if query.assignee not in (None, NOBODY):
            self._key_of_few = CaseRow.assignee
        """What few cases have in common finds them at once: better sort these than walk all in order."""
        shared = {CaseRow.disposition: query.disposition, CaseRow.outcome: query.outcome, CaseRow.rule_id: query.rule}
        self._shared = {each: value for each, value in shared.items() if value is not None}
        """What some have in common, be they few or many; those that have it stand in the order of opening."""

    def rows(self, position: Sequence[Any] | None, wanted: int) -> list[PlainRow]:
        """The next rows after `position`, at most `wanted`."""
        search = self._search
        if search is not None and search.is_hopeless:
            return []
        tested = [] if search is None else [search.tested()]
        if self._key_of_few is not None:
            return self._sorted(self._key_of_few, tested, position, wanted)
        if search is None and (self._is_by_opening or not self._shared):
            return self._walked([], position, wanted)
        near = self._near(tested, position, wanted)
        if near is not None:
            return near
        if search is not None and search.found is not None:
            return self._sorted(None, [search.found], position, wanted)
        for column, value in self._shared.items():
            if _is_of_few(self._session, column == value):
                return self._sorted(column, tested, position, wanted)
        return self._walked(tested, position, wanted)

    @property
    def _is_by_opening(self) -> bool:
        return self._order.columns == (CaseRow.opened_seq,)

    def _walked(self, further: _Conditions, position: Sequence[Any] | None, wanted: int) -> list[PlainRow]:
        """Along the index, for as long as it takes."""
        found: list[PlainRow] = []
        for stretch in self._stretches(position):
            missing = wanted - len(found)
            if missing:
                ways = [self._select(stretch, [*further, *way], missing) for way in self._ways(stretch)]
                found += self._merged(ways)[:missing]
        return found

    def _near(self, further: _Conditions, position: Sequence[Any] | None, wanted: int) -> list[PlainRow] | None:
        """Along the index, looking at no more than `NEAR` cases; None if that does not show all that is wanted."""
        found: list[PlainRow] = []
        for stretch in self._stretches(position):
            missing = wanted - len(found)
            ways: list[list[PlainRow]] = []
            for way in self._ways(stretch) if missing else ():
                end = self._end(stretch, way, full_text.NEAR // max(1, len(self._states)))
                rows = self._select(stretch, [*further, *way], missing, end)
                if end and len(rows) < missing:
                    return None
                ways.append(rows)
            found += self._merged(ways)[:missing]
        return found

    def _sorted(
        self, key: _Column | None, further: _Conditions, position: Sequence[Any] | None, wanted: int
    ) -> list[PlainRow]:
        """All that fulfil the conditions, fetched by the index of `key` and then sorted: no other is of use."""
        first, *_ = columns = [_off_index(self._session, each) for each in self._order.columns]
        conditions = [*self._filters(partial(self._by_key, key)), *further]
        if self._states:
            conditions.append(_off_index(self._session, CaseRow.state).in_(self._states))
        if position is not None and position[0] is None:
            conditions += [first.is_(None), self._is_beyond(columns[1:], position[1:])]
        elif position is not None:
            conditions.append(or_(self._is_beyond(columns, position), first.is_(None)))
        ordered = [each.desc() if self._descending else each.asc() for each in columns]
        return self._fetch(conditions, [first.is_(None), *ordered], wanted)

    def _by_key(self, key: _Column | None, column: _Column, _side: _Side | None = None) -> _Comparable:
        return column if column is key else _off_index(self._session, column)

    def _stretches(self, position: Sequence[Any] | None) -> Iterator[_Stretch]:
        """The parts of the index that follow one another: rows without a value are apart."""
        first, *others = columns = self._order.columns
        if not self._order.has_gaps:
            yield _Stretch(columns, self._after(columns, position), position is not None)
            return
        if position is None or position[0] is not None:
            yield _Stretch(columns, self._after(columns, position), position is not None, valued=first)
            position = None
        rest = None if position is None else position[1:]
        yield _Stretch(others, [first.is_(None), *self._after(others, rest)], rest is not None)

    def _ways(self, stretch: _Stretch) -> list[_Conditions]:
        """Of several states, each apart: no index has them all in order."""
        if not self._states:
            return [stretch.conditions]
        return [[*stretch.conditions, CaseRow.state == state] for state in self._states]

    def _end(self, stretch: _Stretch, way: _Conditions, length: int) -> _Conditions:
        """That a row is among the next `length` of the index; nothing when there are not so many."""
        valued = self._valued(stretch, self._sides(stretch, ()))
        last = (
            select(*stretch.columns)
            .where(*way, *valued)
            .order_by(*self._ordered(stretch.columns))
            .offset(length)
            .limit(1)
        )
        values = self._session.execute(last).one_or_none()
        return [] if values is None else [self._is_before(stretch.columns, values)]

    def _after(self, columns: _Columns, position: Sequence[Any] | None) -> _Conditions:
        return [] if position is None else [self._is_beyond(columns, position)]

    def _is_beyond(self, columns: Sequence[_Comparable], values: Sequence[Any]) -> ColumnElement[bool]:
        here = _literals(columns, values)
        return tuple_(*columns) < here if self._descending else tuple_(*columns) > here

    def _is_before(self, columns: Sequence[_Comparable], values: Sequence[Any]) -> ColumnElement[bool]:
        there = _literals(columns, values)
        return tuple_(*columns) > there if self._descending else tuple_(*columns) < there

    def _ordered(self, columns: _Columns) -> list[ColumnElement[Any]]:
        return [each.desc() if self._descending else each.asc() for each in columns]

    def _select(self, stretch: _Stretch, conditions: _Conditions, wanted: int, end: _Conditions = ()) -> list[PlainRow]:
        sides = self._sides(stretch, end)
        filters = self._filters(partial(self._on_the_way, sides))
        return self._fetch(
            [*filters, *self._valued(stretch, sides), *conditions, *end], self._ordered(self._order.columns), wanted
        )

    def _sides(self, stretch: _Stretch, end: Sequence[object]) -> frozenset[_Side]:
        """Where a position bounds the stretch. SQLite follows one bound of each side, and may take a wider one."""
        begins, ends = ("greatest", "least") if self._descending else ("least", "greatest")
        return frozenset([*([begins] if stretch.is_entered else []), *([ends] if end else [])])

    def _valued(self, stretch: _Stretch, sides: frozenset[_Side]) -> _Conditions:
        return [] if stretch.valued is None else [self._on_the_way(sides, stretch.valued, "least").is_not(None)]

    def _on_the_way(self, sides: frozenset[_Side], column: _Column, side: _Side | None = None) -> _Comparable:
        """The column of a filter, so that no index but that of the order is followed, and to no wider bound."""
        if column is self._order.columns[0] and side not in sides:
            return column
        if self._is_by_opening and column in self._shared:
            return column
        return _off_index(self._session, column)

    def _fetch(self, conditions: _Conditions, ordered: Sequence[ColumnElement[Any]], wanted: int) -> list[PlainRow]:
        return [*self._session.execute(_LISTED.where(*conditions).order_by(*ordered).limit(wanted))]

    def _merged(self, ways: Sequence[list[PlainRow]]) -> list[PlainRow]:
        if len(ways) == 1:
            return ways[0]
        return sorted(chain.from_iterable(ways), key=self._key, reverse=self._descending)

    def _key(self, row: PlainRow) -> tuple[Any, ...]:
        return tuple(value for each in self._order.columns if (value := getattr(row, each.key)) is not None)


def _literals(columns: Sequence[_Comparable], values: Sequence[Any]) -> Tuple:
    return tuple_(*(literal(value, each.type) for each, value in zip(columns, values, strict=True)))


def find_cases(session: Session, cases: Sequence[str], now: datetime) -> dict[str, CaseSummary]:
    """The rows of those of `cases` that exist, by case id."""
    rows = session.execute(_LISTED.where(CaseRow.case_id.in_(cases))).all()
    return {summary.case_id: summary for summary in summarise(session, rows, now)}


def counts(session: Session, subject: str, now: datetime) -> QueueCounts:
    """How many cases there are in each state, and of those that wait for a person."""
    waiting = _count(session, CaseRow.due_at.is_not(None))
    claimed = _count(
        session, CaseRow.assignee.is_not(None), CaseRow.claim_expires_at > now, CaseRow.due_at.is_not(None)
    )
    return QueueCounts(
        states=count_states(session),
        overdue=_count(session, CaseRow.due_at <= now),
        unclaimed=waiting - claimed,
        mine=_count(session, CaseRow.assignee == subject, CaseRow.claim_expires_at > now),
    )


def count_states(session: Session) -> dict[CaseState, int]:
    """How many cases are in each state, those without any included."""
    found = dict(session.execute(select(CaseRow.state, func.count()).group_by(CaseRow.state)).all())
    return {state: found.get(state, 0) for state in MOVES}


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.execute(select(func.count()).select_from(CaseRow).where(*conditions)).scalar_one()


def _is_of_few(session: Session, condition: ColumnElement[bool]) -> bool:
    """Whether so few cases fulfil it that they may as well be sorted."""
    one_more = select(CaseRow.opened_seq).where(condition).offset(full_text.FEW).limit(1)
    return session.execute(one_more).first() is None


def _total(session: Session, query: CaseQuery) -> int | None:
    """How many cases a query finds, if an index tells it after few steps."""
    if query.model_dump(exclude={"state", "sort"}, exclude_defaults=True):
        return None
    some = select(CaseRow.case_id)
    if query.state:
        some = some.where(CaseRow.state.in_(query.state))
    counted = session.execute(select(func.count()).select_from(some.limit(COUNTED + 1).subquery())).scalar_one()
    return counted if counted <= COUNTED else None


class _Seen(Protocol):
    """How a column is written in a condition that bounds one side of it, or any other."""

    def __call__(self, column: _Column, side: _Side | None = None, /) -> _Comparable: ...


def _conditions(query: CaseQuery, subject: str, now: datetime, seen: _Seen) -> list[ColumnElement[bool]]:
    """What the query asks of a case."""
    equal = {
        CaseRow.risk_level: query.risk_level,
        CaseRow.rule_id: query.rule,
        CaseRow.customer_id: query.customer_id,
        CaseRow.severity: query.severity,
        CaseRow.outcome: query.outcome,
        CaseRow.disposition: query.disposition,
    }
    conditions: list[ColumnElement[bool]] = [seen(each) == value for each, value in equal.items() if value is not None]
    opened_at, due_at = seen(CaseRow.opened_at), seen(CaseRow.due_at, "greatest")
    if query.min_score is not None:
        conditions.append(seen(CaseRow.risk_score, "least") >= query.min_score)
    if query.max_score is not None:
        conditions.append(seen(CaseRow.risk_score, "greatest") <= query.max_score)
    if query.opened_after is not None:
        conditions.append(opened_at >= query.opened_after)
    if query.opened_before is not None:
        conditions.append(opened_at < query.opened_before)
    if query.opened_within_hours is not None:
        conditions.append(opened_at >= now - timedelta(hours=query.opened_within_hours))
    if query.opened_over_hours is not None:
        conditions.append(opened_at < now - timedelta(hours=query.opened_over_hours))
    if query.due_before is not None:
        conditions.append(due_at < query.due_before)
    if query.due_within_hours is not None:
        conditions.append(due_at < now + timedelta(hours=query.due_within_hours))
    if query.overdue is not None:
        conditions.append(due_at <= now if query.overdue else or_(due_at.is_(None), due_at > now))
    if query.assignee == NOBODY:
        conditions.append(unclaimed(now))
    elif query.assignee is not None:
        holder = subject if query.assignee == ME else query.assignee
        conditions += [seen(CaseRow.assignee) == holder, seen(CaseRow.claim_expires_at) > now]
    return conditions


def _off_index(session: Session, column: InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    """The column, in a form that keeps SQLite from choosing an index for it: it has no figures to choose by."""
    if session.get_bind().dialect.name != "sqlite":
        return column.expression
    return literal_column(f'+"case".{column.key}', column.type)
