"""Keeps the words that a case is found by. Inside the transaction of what was said."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select, text, update

from casebook.queries.tokenizer import join_words, words_of
from casebook.schema.base import table_of
from casebook.schema.workspace import CaseTextRow

_TEXTS = table_of(CaseTextRow)
_WORDS = select(_TEXTS.c.body).where(_TEXTS.c.opened_seq == bindparam("of_opened_seq"))
_MERGE = text("INSERT INTO case_fts(case_fts) VALUES ('optimize')")
_FIND_BY = update(_TEXTS).where(_TEXTS.c.opened_seq == bindparam("of_opened_seq"))


def add_words(connection: Connection, opened_seq: int, *texts: str) -> None:
    """Let the case that was opened by this event be found by the words of `texts` as well."""
    of = {"of_opened_seq": opened_seq}
    words = connection.execute(_WORDS, of).scalar_one()
    connection.execute(_FIND_BY, {**of, "body": join_words(words_of(words, *texts))})


def forget_words(connection: Connection, opened_seqs: Sequence[int]) -> None:
    """Let the cases that were opened by these events be found by no word any more, and keep none in an index."""
    for opened_seq in opened_seqs:
        connection.execute(_FIND_BY, {"of_opened_seq": opened_seq, "body": ""})
    if opened_seqs and connection.dialect.name == "sqlite":
        # Its index only notes that words are deleted, until it is merged: https://www.sqlite.org/fts5.html
        connection.execute(_MERGE)
