"""Reads how messages ended in a period. What it costs grows with the period, not with the record."""

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection, bindparam, func, select

from casebook.schema.base import PlainRow, table_of
from casebook.schema.chat import ChatTurnRow, MessageDayRow
from contracts.chat_analytics import (
    MOST_USERS,
    BusyUser,
    ChatAnalytics,
    DecisionTimes,
    MessageDay,
    MessageFigures,
)

_DAYS, _TURNS = table_of(MessageDayRow), table_of(ChatTurnRow)
_FIGURES = tuple(MessageFigures.model_fields)
_SUMS = [func.coalesce(func.sum(_DAYS.c[name]), 0).label(name) for name in _FIGURES]
_IN_PERIOD = _DAYS.c.day.between(bindparam("first"), bindparam("last"))
_BY_DAY = select(_DAYS.c.day, func.count().label("users"), *_SUMS).where(_IN_PERIOD).group_by(_DAYS.c.day)
_USERS = select(func.count(_DAYS.c.user_id.distinct())).where(_IN_PERIOD)
_ALL = _DAYS.c.sent + _DAYS.c.rejected + _DAYS.c.unresolved + _DAYS.c.failed
_BUSIEST = (
    select(_DAYS.c.user_id, *_SUMS)
    .where(_IN_PERIOD)
    .group_by(_DAYS.c.user_id)
    .order_by(func.sum(_ALL).desc(), _DAYS.c.user_id)
    .limit(MOST_USERS)
)
_DECIDED = (
    _TURNS.c.decided_after_s.is_not(None),
    _TURNS.c.replied_at >= bindparam("since"),
    _TURNS.c.replied_at < bindparam("until"),
)
_HOW_MANY = select(func.count()).select_from(_TURNS).where(*_DECIDED)
_NTH = (
    select(_TURNS.c.decided_after_s)
    .where(*_DECIDED)
    .order_by(_TURNS.c.decided_after_s)
    .offset(bindparam("before"))
    .limit(1)
)


def chat_analytics(connection: Connection, first: date, last: date) -> ChatAnalytics:
    """How the messages ended that came to an end from `first` to `last`, both included."""
    period = {"first": first.isoformat(), "last": last.isoformat()}
    known = {row.day: row for row in connection.execute(_BY_DAY, period)}
    days = [first + timedelta(number) for number in range((last - first).days + 1)]
    by_day = tuple(_day(day, known.get(day.isoformat())) for day in days)
    total = MessageFigures(**{name: sum(getattr(day, name) for day in by_day) for name in _FIGURES})
    ended = total.sent + total.rejected + total.unresolved + total.failed
    asked = total.reviewed + total.rejected + total.unresolved
    return ChatAnalytics(
        first_day=first,
        last_day=last,
        total=total,
        users=connection.execute(_USERS, period).scalar_one(),
        review_rate=asked / ended if ended else None,
        decisions=_decision_times(connection, first, last),
        days=by_day,
        busiest=tuple(BusyUser(user_id=row.user_id, **_figures(row)) for row in connection.execute(_BUSIEST, period)),
    )


def _decision_times(connection: Connection, first: date, last: date) -> DecisionTimes:
    period = {"since": _midnight(first), "until": _midnight(last + timedelta(days=1))}
    decided = connection.execute(_HOW_MANY, period).scalar_one()
    median, p90 = (
        connection.execute(_NTH, {**period, "before": min(decided - 1, decided * percent // 100)}).scalar()
        if decided
        else None
        for percent in (50, 90)
    )
    return DecisionTimes(decided=decided, median_s=median, p90_s=p90)


def _day(day: date, row: PlainRow | None) -> MessageDay:
    return MessageDay(day=day) if row is None else MessageDay(day=day, users=row.users, **_figures(row))


def _figures(row: PlainRow) -> dict[str, int]:
    return {name: int(getattr(row, name)) for name in _FIGURES}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
