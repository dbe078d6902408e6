"""Reads the rows of a casebook for the audit. The projection says which columns are audited."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Any

from pydantic import JsonValue, ValidationError
from sqlalchemy import BindParameter, Connection, Select, bindparam, select

from casebook.audit.integrity import UNREADABLE, Calls, Row, digest_of
from casebook.case_log.call_chain import SpendKey, SpendLine
from casebook.projection.attachments import ATTACHMENT
from casebook.projection.case_projection import Facts
from casebook.projection.cases import CASE
from casebook.projection.changes import ProjectedTable, as_json
from casebook.projection.event_types import TABLES
from casebook.projection.rounds import EVIDENCE, REPORT, ROUND
from casebook.schema.agent_journal import ModelCallRow
from casebook.schema.base import PlainRow, table_of
from casebook.schema.model_spend import ModelSpendRow
from contracts.export import ExportedCall
from contracts.hashing import HASH_PREFIX, content_hash, text_hash

_QUOTING = (ROUND, REPORT)
"""Tables whose rows quote others by their hashes."""
_CALLS, _SPENT, _FILES = table_of(ModelCallRow), table_of(ModelSpendRow), ATTACHMENT.table
_AUDITED: BindParameter[Any] = bindparam("cases", expanding=True)
# Row by row: an answer may be long, and only its hash is needed.
_JOURNALS = select(_CALLS).where(_CALLS.c.case_id.in_(_AUDITED)).execution_options(yield_per=100)
_SPEND = select(_SPENT).where(_SPENT.c.case_id.in_(_AUDITED))


def head_of(case: PlainRow) -> Facts:
    """What the log speaks of, of the case itself."""
    return {**_facts(CASE, case), "last_seq": case.last_seq, "last_hash": case.last_hash}


def rows_of(connection: Connection, cases: Sequence[str]) -> Mapping[str, list[Row]]:
    """All rows of these cases, by case."""
    found: dict[str, list[Row]] = {}
    for table in TABLES:
        for row in connection.execute(_rows_in(table), {"cases": cases}):
            fault = _wrong_file(connection, row) if table is ATTACHMENT else None
            found.setdefault(row.case_id, []).append(_read(table, row, fault))
    return found


def calls_of(connection: Connection, cases: Sequence[PlainRow]) -> Mapping[str, Calls]:
    """What is on record of the calls of models in these cases, by case."""
    names = [case.case_id for case in cases]
    journals: dict[str, list[tuple[int, str, ExportedCall]]] = {}
    broken: dict[str, str] = {}
    for row in connection.execute(_JOURNALS, {"cases": names}):
        try:
            journals.setdefault(row.case_id, []).append((row.number, row.key, read_call(row)))
        except ValidationError:
            broken[row.case_id] = "its journal of model calls cannot be read"
    spent: dict[str, dict[SpendKey, SpendLine]] = {}
    for row in connection.execute(_SPEND, {"cases": names}):
        line = SpendLine(row.rule_id, row.model_calls, row.input_tokens, row.output_tokens, row.cost_micro_usd)
        spent.setdefault(row.case_id, {})[row.round, row.agent, row.model, row.day] = line
    return {
        case.case_id: Calls(
            tuple(call for _, _, call in sorted(journals.get(case.case_id, ()), key=itemgetter(0, 1))),
            spent.get(case.case_id, {}),
            (case.journal_entries, case.journal_hash),
            broken.get(case.case_id),
        )
        for case in cases
    }


def read_call(row: Any) -> ExportedCall:
    """An entry of the journal. Raises pydantic.ValidationError when the row was tampered out of shape."""
    return ExportedCall(
        number=row.number,
        key=row.key,
        response_hash=text_hash(row.response),
        recorded_at=row.recorded_at,
        use=row.use,
        hash=row.hash,
    )


@cache
def _rows_in(table: ProjectedTable) -> Select[*tuple[Any, ...]]:
    # A file at a time: a case may have a hundred megabytes of them.
    columns = [column for column in table.table.c if table is not ATTACHMENT or column.name != "content"]
    return select(*columns).where(table.table.c.case_id.in_(_AUDITED))


def _read(table: ProjectedTable, row: PlainRow, fault: str | None) -> Row:
    facts = _facts(table, row)
    key = table.key_in({name: getattr(row, name) for name in table.key})
    if table.body is None:
        return Row(table.name, key, _digest_apart(table, row), facts, fault=fault)
    text = getattr(row, table.body)
    body = None if text is None else _parsed(text)
    said = body if isinstance(body, dict) else {}
    return Row(
        table.name,
        key,
        None if text is None else digest_of(body),
        facts,
        body=said if table in _QUOTING and said else None,
        answer=digest_of({"result": said.get("result")}) if table is EVIDENCE else None,
        fault=next(_contradictions(facts, said), None),
    )


def _facts(table: ProjectedTable, row: PlainRow) -> Facts:
    facts: Facts = {}
    for name, value in zip(table.bound, table.values_of(row), strict=True):
        if isinstance(value, datetime):
            facts[name] = as_json(value)
        else:
            facts[name] = _parsed(value) if name in table.parsed and isinstance(value, str) else value
    return facts


def _contradictions(facts: Facts, body: Mapping[str, JsonValue]) -> Iterator[str]:
    """What columns say otherwise than the content that they repeat."""
    for name, value in facts.items():
        if name in body and body[name] != value:
            yield f"its {name} is not that of its content"


def _digest_apart(table: ProjectedTable, row: PlainRow) -> str | None:
    """The hash of content that lies in several columns."""
    if table.content_of is None:
        return None
    try:
        return content_hash(table.content_of(row))
    except ValidationError:
        return UNREADABLE


def _wrong_file(connection: Connection, row: PlainRow) -> str | None:
    content = connection.execute(select(_FILES.c.content).where(_FILES.c.seq == row.seq)).scalar_one()
    fits = HASH_PREFIX + hashlib.sha256(content).hexdigest() == row.content_hash
    return None if fits else "its file is not the one that was added"


def _parsed(text: str) -> JsonValue:
    try:
        return json.loads(text)
    except ValueError:
        return UNREADABLE
