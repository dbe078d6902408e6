"""Keeps the words that a case is found by. Inside the transaction of what was said."""

from sqlalchemy import Connection, bindparam, select, update

from casebook.queries.tokenizer import join_words, words_of
from casebook.schema.base import table_of
from casebook.schema.workspace import CaseTextRow

_TEXTS = table_of(CaseTextRow)
_WORDS = select(_TEXTS.c.body).where(_TEXTS.c.opened_seq == bindparam("of_opened_seq"))
_FIND_BY = update(_TEXTS).where(_TEXTS.c.opened_seq == bindparam("of_opened_seq"))


def add_words(connection: Connection, opened_seq: int, *texts: str) -> None:
    """Let the case that was opened by this event be found by the words of `texts` as well."""
    of = {"of_opened_seq": opened_seq}
    words = connection.execute(_WORDS, of).scalar_one()
    connection.execute(_FIND_BY, {**of, "body": join_words(words_of(words, *texts))})
