"""The costs of models: per call, and summed by case, day and rule."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, bindparam, case, func, insert, select, update

from casebook.case_log.call_chain import micro_usd
from casebook.schema.base import table_of
from casebook.schema.chat import ChatCallRow
from casebook.schema.model_spend import ModelSpendRow
from contracts.report import Spend
from contracts.spend import DaySpend, ModelUse, RuleSpend, SpendReport

_MICRO = Decimal(1_000_000)
_PLACES = Decimal("0.000001")
_SPENT = table_of(ModelSpendRow)
_ROW = ("case_id", "round", "agent", "model", "day")
_ADD = (
    update(_SPENT)
    .where(*(_SPENT.c[name] == bindparam(f"of_{name}") for name in _ROW))
    .values(
        model_calls=_SPENT.c.model_calls + 1,
        input_tokens=_SPENT.c.input_tokens + bindparam("more_read"),
        output_tokens=_SPENT.c.output_tokens + bindparam("more_written"),
        # An unknown cost makes the sum unknown, and so it stays: null plus a number is null.
        cost_micro_usd=_SPENT.c.cost_micro_usd + bindparam("more_cost"),
    )
    .returning(_SPENT.c.model_calls)
)
_BEGIN = insert(_SPENT)
_COLUMNS: tuple[ColumnElement[Any], ...] = (
    func.sum(_SPENT.c.model_calls).label("calls"),
    func.sum(_SPENT.c.input_tokens).label("read"),
    func.sum(_SPENT.c.output_tokens).label("written"),
    func.sum(_SPENT.c.cost_micro_usd).label("cost"),
    func.sum(case((_SPENT.c.cost_micro_usd.is_(None), _SPENT.c.model_calls), else_=0)).label("unpriced"),
)
_OF_CASE = select(*_COLUMNS).where(_SPENT.c.case_id == bindparam("case_id"))
_OF_DAY = select(*_COLUMNS).where(_SPENT.c.day == bindparam("day"))
_CALLS = table_of(ChatCallRow)
_OF_CALLS: tuple[ColumnElement[Any], ...] = (
    func.count(_CALLS.c.model).label("calls"),
    func.sum(_CALLS.c.input_tokens).label("read"),
    func.sum(_CALLS.c.output_tokens).label("written"),
    func.sum(_CALLS.c.cost_micro_usd).label("cost"),
)
_OF_TURN = select(*_OF_CALLS).where(_CALLS.c.turn_id == bindparam("turn_id"))
_TURNS_OF_DAY = select(*_OF_CALLS).where(_CALLS.c.day == bindparam("day"))
_WITHIN = _SPENT.c.day.between(bindparam("first"), bindparam("last"))


def note_use(connection: Connection, case_id: str, rule_id: str | None, use: ModelUse, now: datetime) -> None:
    """Add one call of a model to what its agent has spent. The caller has locked the case."""
    day = now.astimezone(UTC).date().isoformat()
    whose = {"case_id": case_id, "round": use.round, "agent": use.agent, "model": use.model, "day": day}
    cost = micro_usd(use.cost_usd)
    of = {f"of_{name}": value for name, value in whose.items()}
    more = {"more_read": use.input_tokens, "more_written": use.output_tokens, "more_cost": cost}
    if connection.execute(_ADD, {**of, **more}).first() is not None:
        return
    tokens = {"input_tokens": use.input_tokens, "output_tokens": use.output_tokens}
    connection.execute(_BEGIN, {**whose, **tokens, "rule_id": rule_id, "model_calls": 1, "cost_micro_usd": cost})


def spent_on_case(connection: Connection, case_id: str) -> Spend:
    """Everything that models cost in one case; `cost_usd` counts the calls whose price is known."""
    return _spend(_sum(connection, _OF_CASE, case_id=case_id))


def shown_spend(connection: Connection, case_id: str) -> Spend | None:
    """The same to be shown: None before the first call, and no cost when that is not known of all calls."""
    row = _sum(connection, _OF_CASE, case_id=case_id)
    spend = _spend(row)
    if not spend.model_calls:
        return None
    return spend.model_copy(update={"cost_usd": None}) if row["unpriced"] else spend


def spent_on_turn(connection: Connection, turn_id: str) -> Spend:
    """What models cost in one turn of a conversation; `cost_usd` counts the calls whose price is known."""
    return _spend(_sum(connection, _OF_TURN, turn_id=turn_id))


def spent_on_day(connection: Connection, day: date) -> Spend:
    """Everything that models cost on one UTC day, in cases and in conversations.

    `cost_usd` counts the calls whose price is known.
    """
    cases, turns = (_spend(_sum(connection, each, day=day.isoformat())) for each in (_OF_DAY, _TURNS_OF_DAY))
    costs = [each.cost_usd for each in (cases, turns) if each.cost_usd is not None]
    return Spend(
        model_calls=cases.model_calls + turns.model_calls,
        input_tokens=cases.input_tokens + turns.input_tokens,
        output_tokens=cases.output_tokens + turns.output_tokens,
        cost_usd=sum(costs, Decimal(0)) if costs else None,
    )


def spend_report(connection: Connection, first: date, last: date) -> SpendReport:
    """By day and by rule, from one UTC day to another, both included; days and rules without a call are left out."""
    days = {"first": first.isoformat(), "last": last.isoformat()}
    total = _sum(connection, select(*_COLUMNS).where(_WITHIN), **days)
    by_day = _grouped(connection, _SPENT.c.day, days)
    by_rule = _grouped(connection, _SPENT.c.rule_id, days)
    return SpendReport(
        first=first,
        last=last,
        total=_spend(total),
        unpriced_calls=total["unpriced"] or 0,
        by_day=tuple(DaySpend(day=row["key"], cases=row["cases"], spend=_spend(row)) for row in by_day),
        by_rule=tuple(RuleSpend(rule_id=row["key"], cases=row["cases"], spend=_spend(row)) for row in by_rule),
    )


def _sum(connection: Connection, query: Select[*tuple[Any, ...]], **of: str) -> RowMapping:
    return connection.execute(query, of).mappings().one()


def _grouped(connection: Connection, key: ColumnElement[Any], days: Mapping[str, str]) -> Sequence[RowMapping]:
    cases = func.count(_SPENT.c.case_id.distinct()).label("cases")
    query = select(key.label("key"), cases, *_COLUMNS).where(_WITHIN).group_by(key).order_by(key)
    return connection.execute(query, days).mappings().all()


def _spend(row: RowMapping) -> Spend:
    cost = row["cost"]
    return Spend(
        model_calls=int(row["calls"] or 0),
        input_tokens=int(row["read"] or 0),
        output_tokens=int(row["written"] or 0),
        cost_usd=None if cost is None else (Decimal(int(cost)) / _MICRO).quantize(_PLACES),
    )
