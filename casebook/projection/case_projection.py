"""Folds the log of a case into the rows that it must have. Pure: no database, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from pydantic import JsonValue

from casebook.projection.case_head import CaseHead
from casebook.projection.changes import Change, Columns, Content, Delete, Insert, Put, Update, as_json
from casebook.projection.event_data import EventData, Occurrence
from casebook.projection.event_types import EVENT_TYPES
from contracts.case import CaseEvent
from contracts.hashing import content_hash

Facts: TypeAlias = dict[str, JsonValue]
RowKey: TypeAlias = tuple[str, str]
"""A table, and the row's key in it as text."""


@dataclass(slots=True)
class ExpectedRow:
    """What one row must be."""

    seq: int
    """The event that made the row, or last changed it."""
    digest: str | None
    """Hash of its content; null without content."""
    facts: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    """Columns and their values, as an event says them."""


class CaseProjection:
    """Folds the log of one case, event by event, in order, with the same projection that wrote its rows.

    Raises KeyError, TypeError or ValueError for an event that does not say what its type says.
    """

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, ExpectedRow]] = {}
        """By table and key."""
        self.last_seq = 0
        self._case = CaseHead()
        self._updated_at: JsonValue = None

    def apply(self, event: CaseEvent) -> EventData:
        """Learn what `event` says."""
        data = EVENT_TYPES[event.type].model_validate(event.data)
        at = Occurrence(event.seq, event.at, event.actor, self.last_seq)
        for change in data.apply(self._case, at):
            self._change(change, event.seq)
        self.last_seq = event.seq
        self._updated_at = as_json(event.at)
        return data

    @property
    def case(self) -> CaseHead:
        """The state of the case."""
        return self._case

    @property
    def head(self) -> Facts:
        """What the columns of the case itself must hold."""
        columns = {**(self._case.opened or {}), **self._case.columns()}
        return {**{name: as_json(value) for name, value in columns.items()}, "updated_at": self._updated_at}

    def expected(self, table: str, key: str) -> ExpectedRow | None:
        """What this row must be; None when there must be none."""
        return self.rows.get(table, {}).get(key)

    def _change(self, change: Change, seq: int) -> None:
        match change:
            case Insert(table, columns, content):
                self._rows_of(table.name)[table.key_in(columns)] = ExpectedRow(seq, _digest(content), _facts(columns))
            case Put(table, key, columns, first, content):
                rows, name = self._rows_of(table.name), table.key_in(key)
                there = rows.get(name)
                if there is None:
                    rows[name] = ExpectedRow(seq, _digest(content), _facts({**key, **first, **columns}))
                elif columns:
                    rows[name] = ExpectedRow(seq, _digest(content), {**there.facts, **_facts(columns)})
            case Update(table, where, columns, content):
                rows, sought = self._rows_of(table.name), _facts(where).items()
                for name, there in rows.items():
                    if sought <= there.facts.items():
                        digest = there.digest if content is None else _digest(content)
                        rows[name] = ExpectedRow(seq, digest, {**there.facts, **_facts(columns)})
            case Delete(table, where):
                rows, sought = self._rows_of(table.name), _facts(where).items()
                for name in [name for name, there in rows.items() if sought <= there.facts.items()]:
                    del rows[name]

    def _rows_of(self, table: str) -> dict[str, ExpectedRow]:
        return self.rows.setdefault(table, {})


def _facts(columns: Columns) -> Facts:
    return {name: as_json(value) if isinstance(value, datetime) else value for name, value in columns.items()}


def _digest(content: Content) -> str | None:
    return content if content is None or isinstance(content, str) else content_hash(content)
