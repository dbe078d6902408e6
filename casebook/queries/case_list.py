"""The case list: filtered, sorted, a page at a time. Every sort order has an index."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from typing import Any, TypeAlias

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, func, literal, literal_column, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from casebook.queries import full_text
from casebook.queries.case_summary import SUMMARISED, summarise
from casebook.queries.claims import unclaimed
from casebook.queries.cursors import CasePage, Position, Seq, page_length, read_position, write_position
from casebook.queries.filters import ME, NOBODY, CaseQuery
from casebook.queries.full_text import Search
from casebook.schema.base import PlainRow, table_of
from casebook.schema.cases import DUE, SCORE, CaseRow, NullsLast
from contracts.base import Score, UtcDateTime
from contracts.case import CaseSummary

COUNTED = 1_000
"""Up to so many cases a list says how many it has; beyond, counting costs more than it tells."""

_CASE = table_of(CaseRow)
# What the rows show and what they are sorted by, as plain rows: an object for each takes longer than the query.
_LISTED = select(*(_CASE.c[name] for name in dict.fromkeys((*SUMMARISED, "opened_seq", "last_seq", "priority"))))

_Column: TypeAlias = InstrumentedAttribute[Any]
_Key: TypeAlias = ColumnElement[Any]
_Conditions: TypeAlias = Sequence[ColumnElement[bool]]
_Values: TypeAlias = Sequence[Any]


@dataclass(frozen=True)
class Order:
    """Columns of an index, and what a position in it looks like."""

    columns: tuple[_Column, ...]
    position: TypeAdapter[Position]
    nulls: NullsLast | None = None
    """How the first column is sorted where it has no value."""

    def keys(self, *, descending: bool) -> tuple[_Key, ...]:
        """What rows are sorted by, none ever null."""
        first, *others = (each.expression for each in self.columns)
        return (first if self.nulls is None else self.nulls.key(descending=descending), *others)

    def values(self, position: _Values, *, descending: bool) -> tuple[_Key, ...]:
        """The keys of a row, by its values of the columns."""
        first, *others = (literal(value, each.type) for each, value in zip(self.columns, position, strict=True))
        if self.nulls is not None and position[0] is None:
            return (self.nulls.missing(descending=descending), *others)
        return (first, *others)


ORDERS: Mapping[str, Order] = {
    "opened": Order((CaseRow.opened_seq,), TypeAdapter(tuple[str, Seq])),
    "updated": Order((CaseRow.last_seq,), TypeAdapter(tuple[str, Seq])),
    "due": Order(
        (CaseRow.due_at, CaseRow.priority, CaseRow.opened_seq),
        TypeAdapter(tuple[str, UtcDateTime | None, Seq, Seq]),
        DUE,
    ),
    "score": Order((CaseRow.risk_score, CaseRow.opened_seq), TypeAdapter(tuple[str, Score | None, Seq]), SCORE),
}


def list_cases(
    connection: Connection,
    query: CaseQuery,
    subject: str,
    now: datetime,
    limit: int,
    cursor: str | None,
    *,
    whole_words: bool = False,
) -> CasePage:
    """One page. Raises MalformedCursor for a cursor of another query."""
    length = page_length(limit)
    order = ORDERS[query.sort.removeprefix("-")]
    position = None if cursor is None else read_position(order.position, query, cursor)
    rows = PageQuery(connection, query, order, subject, now, whole_words=whole_words).rows(position, length + 1)
    shown = rows[:length]
    more = None
    if len(rows) > length:
        more = write_position(order.position, query, [getattr(shown[-1], each.key) for each in order.columns])
    whole = cursor is None and more is None
    return CasePage(
        items=summarise(connection, shown, now),
        next_cursor=more,
        total=len(shown) if whole else _total(connection, query),
    )


class PageQuery:
    """One query, page by page along the index of its order."""

    def __init__(
        self,
        connection: Connection,
        query: CaseQuery,
        order: Order,
        subject: str,
        now: datetime,
        *,
        whole_words: bool = False,
    ) -> None:
        self._connection = connection
        self._order = order
        self._descending = query.sort.startswith("-")
        self._keys = order.keys(descending=self._descending)
        self._range = _range_of(query, order, now)
        self._states = tuple(dict.fromkeys(query.state))
        self._filters = partial(_conditions, query, subject, now)
        self._search = None if query.q is None else Search(connection, query.q, whole_words=whole_words)
        self._key_of_few = CaseRow.customer_id if query.customer_id is not None else None
        if query.assignee not in (None, NOBODY):
            self._key_of_few = CaseRow.assignee
        elif query.assigned_to not in (None, NOBODY):
            self._key_of_few = self._key_of_few or CaseRow.assigned_to
        elif query.snoozed:
            self._key_of_few = self._key_of_few or CaseRow.snoozed_until
        elif query.legal_hold:
            self._key_of_few = self._key_of_few or CaseRow.legal_hold_since
        """What few cases have in common finds them at once: better sort these than walk all in order."""
        shared = {
            CaseRow.disposition: query.disposition,
            CaseRow.outcome: query.outcome,
            CaseRow.rule_id: query.rule,
            CaseRow.kind: query.kind,
        }
        self._shared = {each: value for each, value in shared.items() if value is not None}
        """What some have in common, be they few or many; those that have it are sorted by the time of opening."""

    def rows(self, position: _Values | None, wanted: int) -> list[PlainRow]:
        """The next rows after `position`, at most `wanted`."""
        search = self._search
        if search is not None and search.matches_nothing:
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
            if _is_of_few(self._connection, column == value):
                return self._sorted(column, tested, position, wanted)
        return self._walked(tested, position, wanted)

    @property
    def _is_by_opening(self) -> bool:
        return self._order.columns == (CaseRow.opened_seq,)

    def _walked(self, further: _Conditions, position: _Values | None, wanted: int) -> list[PlainRow]:
        """Along the index, for as long as it takes."""
        return self._merged([self._select([*further, *way], position, wanted) for way in self._by_state()])[:wanted]

    def _near(self, further: _Conditions, position: _Values | None, wanted: int) -> list[PlainRow] | None:
        """Along the index, testing at most `NEAR` cases; None if these do not fill the page."""
        found: list[list[PlainRow]] = []
        for way in self._by_state():
            end = self._end(way, position, full_text.NEAR // max(1, len(self._states)))
            rows = self._select([*further, *way], position, wanted, end)
            if end is not None and len(rows) < wanted:
                return None
            found.append(rows)
        return self._merged(found)[:wanted]

    def _sorted(
        self, key: _Column | None, further: _Conditions, position: _Values | None, wanted: int
    ) -> list[PlainRow]:
        """All that fulfil the conditions, fetched by the index of `key` and then sorted: no other is of use."""
        keys = [_off_index(self._connection, each) for each in self._keys]
        conditions = [*self._filters(partial(self._by_key, key)), *further]
        if self._states:
            conditions.append(_off_index(self._connection, CaseRow.state).in_(self._states))
        if position is not None:
            conditions.append(self._is_after(keys, position))
        return self._fetch(conditions, keys, wanted)

    def _by_key(self, key: _Column | None, column: _Column) -> _Key:
        return column.expression if column is key else _off_index(self._connection, column)

    def _by_state(self) -> list[_Conditions]:
        """Of several states, each apart: no index has them all in order."""
        return [[CaseRow.state == state] for state in self._states] or [[]]

    def _end(self, way: _Conditions, position: _Values | None, length: int) -> _Values | None:
        """The row after the next `length` of the index; None when there are not so many."""
        here = [] if position is None else [self._is_after(self._keys, position)]
        last = select(*self._order.columns).where(*way, *here, *self._bounds(position, None))
        return self._connection.execute(last.order_by(*self._ordered(self._keys)).offset(length).limit(1)).one_or_none()

    def _select(
        self, conditions: _Conditions, position: _Values | None, wanted: int, end: _Values | None = None
    ) -> list[PlainRow]:
        here = [] if position is None else [self._is_after(self._keys, position)]
        if end is not None:
            here.append(self._is_before(self._keys, end))
        bounds = self._bounds(position, end)
        return self._fetch([*self._filters(self._on_the_way), *conditions, *bounds, *here], self._keys, wanted)

    def _bounds(self, position: _Values | None, end: _Values | None) -> _Conditions:
        """Where the part of the index begins and ends whose rows the filters can let through.

        SQLite follows one bound of each side, and may take a wider one: so there is none beside a position or an end.
        """
        if self._range is None or self._order.nulls is None:
            return []
        least, greatest = self._range
        begin, stop = (greatest, least) if self._descending else (least, greatest)
        first, type_ = self._keys[0], self._order.columns[0].type
        bounds: list[ColumnElement[bool]] = []
        if position is None and begin is not None:
            value = literal(begin, type_)
            bounds.append(first <= value if self._descending else first >= value)
        if end is None and stop is not None:
            value = literal(stop, type_)
            bounds.append(first >= value if self._descending else first <= value)
        elif end is None:
            missing = self._order.nulls.missing(descending=self._descending)
            bounds.append(first > missing if self._descending else first < missing)
        return bounds

    def _is_after(self, keys: Sequence[_Key], position: _Values) -> ColumnElement[bool]:
        here = tuple_(*self._order.values(position, descending=self._descending))
        return tuple_(*keys) < here if self._descending else tuple_(*keys) > here

    def _is_before(self, keys: Sequence[_Key], position: _Values) -> ColumnElement[bool]:
        there = tuple_(*self._order.values(position, descending=self._descending))
        return tuple_(*keys) > there if self._descending else tuple_(*keys) < there

    def _ordered(self, keys: Sequence[_Key]) -> list[_Key]:
        return [each.desc() if self._descending else each.asc() for each in keys]

    def _on_the_way(self, column: _Column) -> _Key:
        """The column of a filter, so that no index but that of the order is followed."""
        if self._is_by_opening and column in self._shared:
            return column.expression
        return _off_index(self._connection, column)

    def _fetch(self, conditions: _Conditions, keys: Sequence[_Key], wanted: int) -> list[PlainRow]:
        rows = _LISTED.where(*conditions).order_by(*self._ordered(keys)).limit(wanted)
        return [*self._connection.execute(rows)]

    def _merged(self, ways: Sequence[list[PlainRow]]) -> list[PlainRow]:
        if len(ways) == 1:
            return ways[0]
        return sorted(chain.from_iterable(ways), key=self._key, reverse=self._descending)

    def _key(self, row: PlainRow) -> tuple[Any, ...]:
        first, *others = (getattr(row, each.key) for each in self._order.columns)
        return (not self._descending, *others) if first is None else (self._descending, first, *others)


def find_cases(connection: Connection, cases: Sequence[str], now: datetime) -> dict[str, CaseSummary]:
    """The rows of those of `cases` that exist, by case id."""
    rows = connection.execute(_LISTED.where(CaseRow.case_id.in_(cases))).all()
    return {summary.case_id: summary for summary in summarise(connection, rows, now)}


def _is_of_few(connection: Connection, condition: ColumnElement[bool]) -> bool:
    """Whether few enough cases match to sort them."""
    one_more = select(CaseRow.opened_seq).where(condition).offset(full_text.FEW).limit(1)
    return connection.execute(one_more).first() is None


def _total(connection: Connection, query: CaseQuery) -> int | None:
    """How many cases a query finds, if an index tells it after few steps."""
    if query.model_dump(exclude={"state", "sort"}, exclude_defaults=True):
        return None
    some = select(CaseRow.opened_seq)  # is in every index of the list, so that counting reads no row
    if query.state:
        some = some.where(CaseRow.state.in_(query.state))
    counted = connection.execute(select(func.count()).select_from(some.limit(COUNTED + 1).subquery())).scalar_one()
    return counted if counted <= COUNTED else None


def _range_of(query: CaseQuery, order: Order, now: datetime) -> tuple[Any, Any] | None:
    """Between which values of the first column of the order all cases are; None where some may have no value."""
    if order.nulls is SCORE:
        least, greatest = query.min_score, query.max_score
    elif order.nulls is DUE:
        within = None if query.due_within_hours is None else now + timedelta(hours=query.due_within_hours)
        least, greatest = (
            None,
            min(filter(None, (query.due_before, within, now if query.overdue else None)), default=None),
        )
    else:
        return None
    return None if least is None and greatest is None else (least, greatest)


def _conditions(
    query: CaseQuery, subject: str, now: datetime, seen: Callable[[_Column], _Key]
) -> list[ColumnElement[bool]]:
    """What the query asks of a case; `seen`: how a column is written."""
    equal = {
        CaseRow.kind: query.kind,
        CaseRow.risk_level: query.risk_level,
        CaseRow.rule_id: query.rule,
        CaseRow.customer_id: query.customer_id,
        CaseRow.severity: query.severity,
        CaseRow.outcome: query.outcome,
        CaseRow.disposition: query.disposition,
    }
    conditions: list[ColumnElement[bool]] = [seen(each) == value for each, value in equal.items() if value is not None]
    opened_at, due_at = seen(CaseRow.opened_at), seen(CaseRow.due_at)
    if query.min_score is not None:
        conditions.append(seen(CaseRow.risk_score) >= query.min_score)
    if query.max_score is not None:
        conditions.append(seen(CaseRow.risk_score) <= query.max_score)
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
    if query.snoozed is not None:
        until = seen(CaseRow.snoozed_until)
        conditions.append(until > now if query.snoozed else or_(until.is_(None), until <= now))
    if query.legal_hold is not None:
        since = seen(CaseRow.legal_hold_since)
        conditions.append(since.is_not(None) if query.legal_hold else since.is_(None))
    if query.assigned_to is not None:
        whose = seen(CaseRow.assigned_to)
        named = subject if query.assigned_to == ME else query.assigned_to
        conditions.append(whose.is_(None) if query.assigned_to == NOBODY else whose == named)
    if query.assignee == NOBODY:
        conditions.append(unclaimed(now))
    elif query.assignee is not None:
        holder = subject if query.assignee == ME else query.assignee
        conditions += [seen(CaseRow.assignee) == holder, seen(CaseRow.claim_expires_at) > now]
    return conditions


def _off_index(connection: Connection, column: _Column | _Key) -> _Key:
    """The column, in a form that keeps SQLite from choosing an index for it: it has no figures to choose by."""
    if connection.dialect.name == "sqlite":
        return literal_column(f'+"case".{column.key}', column.type)
    return column.expression if isinstance(column, InstrumentedAttribute) else column
