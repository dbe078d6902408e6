"""Finding cases by words. Each database has its own way; the words are the same in all."""

from collections.abc import Sequence

from sqlalchemy import (
    ColumnElement,
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
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from casebook.desk_tables import CaseTextRow
from casebook.tables import CaseRow
from casebook.wording import words_of

FEW = 2_000
"""Up to so many matches are fetched and then sorted; with more, the list is walked in its order and each row tested.

Either way is cheap where the other would be dear.
"""

PREFIX_LENGTH = 3
"""From this length on, a word finds all words that begin with it."""

_FTS = table("case_fts", column("rowid", Integer), column("case_fts", Text))


class Search:
    """The cases that have all words of a text in their description or notes."""

    def __init__(self, session: Session, asked: str) -> None:
        self._session = session
        self._words = words_of(asked)
        self.is_hopeless = not self._words
        """Whether the text has no words, so that nothing can match."""
        self._dialect = session.get_bind().dialect.name
        self._matches = _matches(self._dialect, self._words)
        self._are_few: bool | None = None

    @property
    def are_few(self) -> bool:
        """Whether at most `FEW` cases match."""
        if self._are_few is None:
            some = self._matches.limit(FEW + 1).subquery()
            self._are_few = self._session.execute(select(func.count()).select_from(some)).scalar_one() <= FEW
        return self._are_few

    def condition(self) -> ColumnElement[bool]:
        """What a case must fulfil."""
        if self.are_few:
            return CaseRow.opened_seq.in_(self._matches)
        # SQLite gathers all that begins with a word before it can say anything of one case: that is read instead.
        tested = _matches("", self._words) if self._dialect == "sqlite" else self._matches
        return tested.where(CaseTextRow.opened_seq == CaseRow.opened_seq).correlate(CaseRow).exists()


def _matches(dialect: str, words: Sequence[str]) -> Select[int]:
    """`opened_seq` of the cases that have all `words`."""
    if dialect == "sqlite":
        asked = " ".join(f'"{word}"*' if _is_prefix(word) else f'"{word}"' for word in words)
        return select(_FTS.c.rowid).where(_FTS.c.case_fts.op("MATCH")(asked))
    found = select(CaseTextRow.opened_seq)
    if dialect == "postgresql":
        asked = " & ".join(f"'{word}':*" if _is_prefix(word) else f"'{word}'" for word in words)
        return found.where(literal_column("case_text.words").op("@@")(cast(literal(asked), TSQUERY)))
    body = literal(" ").concat(CaseTextRow.body).concat(" ")
    return found.where(and_(*(body.contains(f" {word}" if _is_prefix(word) else f" {word} ") for word in words)))


def _is_prefix(word: str) -> bool:
    return len(word) >= PREFIX_LENGTH
