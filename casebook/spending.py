"""What models cost: kept call by call, and summed by case, day and rule."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, case, func, insert, null, select, update
from sqlalchemy.orm import Session

from casebook.spend_tables import ModelSpendRow
from casebook.tables import table_of
from contracts.report import Spend
from contracts.spend import DaySpend, ModelUse, RuleSpend, SpendReport

_MICRO = Decimal(1_000_000)
_PLACES = Decimal("0.000001")
_SPENT = table_of(ModelSpendRow)


def note_use(session: Session, case_id: str, rule_id: str | None, use: ModelUse, now: datetime) -> None:
    """Add one call of a model to what its agent has spent. The case is held by the caller."""
    day = now.astimezone(UTC).date().isoformat()
    whose = {"case_id": case_id, "round": use.round, "agent": use.agent, "model": use.model, "day": day}
    cost = None if use.cost_usd is None else int((use.cost_usd * _MICRO).to_integral_value())
    spent = {"model_calls": 1, "input_tokens": use.input_tokens, "output_tokens": use.output_tokens}
    more: dict[str, Any] = {name: _SPENT.c[name] + by for name, by in spent.items()}
    # An unknown cost makes the sum unknown, and so it stays: null plus a number is null.
    more["cost_micro_usd"] = null() if cost is None else _SPENT.c.cost_micro_usd + cost
    same = [_SPENT.c[name] == value for name, value in whose.items()]
    added = session.execute(update(_SPENT).where(*same).values(more).returning(_SPENT.c.model_calls)).first()
    if added is None:
        session.execute(insert(_SPENT), {**whose, "rule_id": rule_id, **spent, "cost_micro_usd": cost})


def spent_on_case(session: Session, case_id: str) -> Spend:
    """Everything that models cost in one case; `cost_usd` counts the calls whose price is known."""
    return _spend(_sum(session, ModelSpendRow.case_id == case_id))


def shown_spend(session: Session, case_id: str) -> Spend | None:
    """The same to be shown: None before the first call, and no cost when that is not known of all calls."""
    row = _sum(session, ModelSpendRow.case_id == case_id)
    spend = _spend(row)
    if not spend.model_calls:
        return None
    return spend.model_copy(update={"cost_usd": None}) if row["unpriced"] else spend


def spent_on_day(session: Session, day: date) -> Spend:
    """Everything that models cost on one UTC day; `cost_usd` counts the calls whose price is known."""
    return _spend(_sum(session, ModelSpendRow.day == day.isoformat()))


def spend_report(session: Session, first: date, last: date) -> SpendReport:
    """By day and by rule, from one UTC day to another, both included; days and rules without a call are left out."""
    within = ModelSpendRow.day.between(first.isoformat(), last.isoformat())
    total = _sum(session, within)
    by_day = _grouped(session, ModelSpendRow.day, within)
    by_rule = _grouped(session, ModelSpendRow.rule_id, within)
    return SpendReport(
        first=first,
        last=last,
        total=_spend(total),
        unpriced_calls=total["unpriced"] or 0,
        by_day=tuple(DaySpend(day=row["key"], cases=row["cases"], spend=_spend(row)) for row in by_day),
        by_rule=tuple(RuleSpend(rule_id=row["key"], cases=row["cases"], spend=_spend(row)) for row in by_rule),
    )


@cache
def _columns() -> tuple[ColumnElement[Any], ...]:
    row = ModelSpendRow
    return (
        func.sum(row.model_calls).label("calls"),
        func.sum(row.input_tokens).label("read"),
        func.sum(row.output_tokens).label("written"),
        func.sum(row.cost_micro_usd).label("cost"),
        func.sum(case((row.cost_micro_usd.is_(None), row.model_calls), else_=0)).label("unpriced"),
    )


def _sum(session: Session, within: ColumnElement[bool]) -> RowMapping:
    return session.execute(select(*_columns()).where(within)).mappings().one()


def _grouped(session: Session, key: Any, within: ColumnElement[bool]) -> Sequence[RowMapping]:
    cases = func.count(ModelSpendRow.case_id.distinct()).label("cases")
    query = select(key.label("key"), cases, *_columns()).where(within).group_by(key).order_by(key)
    return session.execute(query).mappings().all()


def _spend(row: RowMapping) -> Spend:
    cost = row["cost"]
    return Spend(
        model_calls=int(row["calls"] or 0),
        input_tokens=int(row["read"] or 0),
        output_tokens=int(row["written"] or 0),
        cost_usd=None if cost is None else (Decimal(int(cost)) / _MICRO).quantize(_PLACES),
    )
