"""Who the customers of cases are, as tools answered: what is masked wherever it is repeated."""

from collections.abc import Collection, Mapping
from typing import Any, cast

from pydantic import JsonValue
from sqlalchemy import Connection, func, or_, select

from casebook.database.transactions import Transactions
from casebook.schema.base import table_of
from casebook.schema.cases import CaseRow
from casebook.schema.rounds import EvidenceRow
from contracts.report import Evidence

PROFILE_TOOLS = ("get_customer", "get_customer_detail", "search_customers")
"""Whose answers say who somebody is."""
MOST_OF_A_CUSTOMER = 50
"""Answers that are read of all cases of one customer: the newest cases first."""

_CASE, _EVIDENCE = table_of(CaseRow).c, table_of(EvidenceRow).c
_IS_PROFILE = or_(*(_EVIDENCE.body.like(f'%"tool":"{tool}"%') for tool in PROFILE_TOOLS))
_READ = select(_EVIDENCE.case_id, _CASE.customer_id, _EVIDENCE.body).join_from(
    table_of(EvidenceRow), table_of(CaseRow), _EVIDENCE.case_id == _CASE.case_id
)


class CustomerReader:
    """Reads who customers are. Raises CasebookUnavailable."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def of_cases(self, cases: Collection[str]) -> Mapping[str, list[Mapping[str, JsonValue]]]:
        """By case: the records of its customer, as its own evidence has them. One statement."""
        asked = _READ.where(_EVIDENCE.case_id.in_(sorted(cases)), _IS_PROFILE)
        with self._transactions.read() as connection:
            return _by(connection, asked, "case_id")

    def of_customers(self, customers: Collection[int]) -> Mapping[int, list[Mapping[str, JsonValue]]]:
        """By customer: their records, as the evidence of any of their cases has them. One statement."""
        place = func.row_number().over(partition_by=_CASE.customer_id, order_by=_CASE.opened_seq.desc())
        ranked = _READ.add_columns(place.label("place")).where(_CASE.customer_id.in_(sorted(customers)), _IS_PROFILE)
        found = ranked.subquery()
        with self._transactions.read() as connection:
            return _by(connection, select(found).where(found.c.place <= MOST_OF_A_CUSTOMER), "customer_id")


def _by(connection: Connection, asked: Any, key: str) -> dict[Any, list[Mapping[str, JsonValue]]]:
    found: dict[Any, list[Mapping[str, JsonValue]]] = {}
    for row in connection.execute(asked):
        evidence = Evidence.model_validate_json(row.body)
        if evidence.ok and evidence.tool in PROFILE_TOOLS:
            mine = [each for each in _records(evidence.result) if each.get("customer_id") in (None, row.customer_id)]
            found.setdefault(getattr(row, key), []).extend(mine)
    return found


def _records(value: JsonValue) -> list[Mapping[str, JsonValue]]:
    """Every object of an answer that says of a customer what they are called."""
    if isinstance(value, list):
        return [record for part in value for record in _records(part)]
    if not isinstance(value, dict):
        return []
    is_person = "name" in value and "device_id" not in value
    own: list[Mapping[str, JsonValue]] = [value] if is_person else []
    return own + [record for part in value.values() for record in _records(cast("JsonValue", part))]
