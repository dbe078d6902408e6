"""Full-text search over cases. Each database has its own index; the words are the same in all."""

import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    Text,
    and_,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY

from casebook.queries.tokenizer import MAX_WORD, may_be_spelt_out, words_of
from casebook.schema.cases import CaseRow
from casebook.schema.workspace import CaseTextRow

NEAR = 1_000
"""How many cases are tested one by one, in the order of the list, before the full-text index is queried.

What many cases have fills a page long before; an index would first gather all of them, and then sort.
"""

FEW = 5_000
"""How many matches of the index are sorted at most; with more, the list is read in its order."""

PREFIX_LENGTH = 3
"""From this length on, a word finds all words that begin with it."""

_FTS = table("case_fts", column("rowid", Integer), column("case_fts", Text))
_WORDS: ColumnElement[Any] = literal_column("case_text.words")

# Parallel workers and compiled plans cost ten times what such a statement takes.
_SHORT_STATEMENTS = select(
    func.set_config("max_parallel_workers_per_gather", "0", True), func.set_config("jit", "off", True)
)


class Search:
    """The cases that have all words of a text in their description or notes.

    `whole_words`: for who may not read what is masked there. Nothing is found by the beginning of a word, letter by
    letter, nor by so short a number that all can be tried.
    """

    def __init__(self, connection: Connection, asked: str, *, whole_words: bool) -> None:
        self._connection = connection
        self._words = words_of(asked)
        self._shortest_prefix = MAX_WORD + 1 if whole_words else PREFIX_LENGTH
        self.matches_nothing = not self._words or (whole_words and may_be_spelt_out(self._words))
        """Whether the text has no words that may be searched for."""
        self._dialect = connection.dialect.name

    @cached_property
    def found(self) -> ColumnElement[bool] | None:
        """The condition, as the cases that an index has found; None if it finds more than `FEW`, or there is none."""
        if self._dialect == "postgresql":
            self._connection.execute(_SHORT_STATEMENTS)
        matches = self._indexed()
        if matches is None:
            return None
        cases = [*self._connection.scalars(matches.limit(FEW + 1))]
        return None if len(cases) > FEW else self._one_of(cases)

    def tested(self) -> ColumnElement[bool]:
        """The condition as a test of each case's words, which no database optimises into an index scan."""
        own = select(self._test()).where(CaseTextRow.opened_seq == CaseRow.opened_seq)
        return own.correlate(CaseRow).scalar_subquery()

    def _test(self) -> ColumnElement[bool]:
        if self._dialect == "postgresql":
            return _WORDS.op("@@")(self._tsquery())
        # Both take the text first, then what to find in it.
        position_in = func.instr if self._dialect == "sqlite" else func.strpos
        body = literal(" ").concat(CaseTextRow.body).concat(" ")
        return and_(
            *(position_in(body, f" {word}" if self._is_prefix(word) else f" {word} ") > 0 for word in self._words)
        )

    def _one_of(self, cases: Sequence[int]) -> ColumnElement[bool]:
        # One parameter, however many they are.
        if self._dialect == "sqlite":
            listed = func.json_each(json.dumps(cases)).table_valued("value")
            return CaseRow.opened_seq.in_(select(listed.c.value))
        return CaseRow.opened_seq == func.any(cast(literal(cases), ARRAY(BigInteger)))

    def _indexed(self) -> Select[int] | None:
        """`opened_seq` of the cases that match, by an index; None where there is none."""
        if self._dialect == "sqlite":
            return select(_FTS.c.rowid).where(_FTS.c.case_fts.op("MATCH")(self._fts5_query()))
        if self._dialect == "postgresql":
            return select(CaseTextRow.opened_seq).where(self._test())
        return None

    def _fts5_query(self) -> str:
        return " ".join(f'"{word}"*' if self._is_prefix(word) else f'"{word}"' for word in self._words)

    def _tsquery(self) -> ColumnElement[str]:
        words = (f"'{word}':*" if self._is_prefix(word) else f"'{word}'" for word in self._words)
        return cast(literal(" & ".join(words)), TSQUERY)

    def _is_prefix(self, word: str) -> bool:
        return len(word) >= self._shortest_prefix
