"""What the casebook needs to know of a kind of case: what is kept of it, and how its page is read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select

from casebook.queries.review_rows import read_review
from casebook.schema.base import PlainRow, table_of
from casebook.schema.rounds import RoundRow
from contracts.base import Contract
from contracts.case import CaseView, Round
from contracts.kinds.kind import KindSpec
from contracts.review import Decision
from contracts.severity import Severity

ReadView = Callable[[Connection, PlainRow, Mapping[str, Any], Sequence[Round]], CaseView]
"""The page of a case: from its row, from what pages of every kind show, and from all its rounds."""
_ROUNDS = table_of(RoundRow)
_OF_CASE = select(_ROUNDS).where(_ROUNDS.c.case_id == bindparam("of_case")).order_by(_ROUNDS.c.round)

ReadRounds = Callable[[Connection, str, Sequence[PlainRow], Mapping[str, Decision]], Sequence[Round]]
"""The rounds of a case: from its questions, and from the decisions by question."""


@dataclass(frozen=True)
class Subject:
    """What a case without alerts is about, as lists show it and as it is found."""

    subject_id: str
    customer_id: int | None
    severity: Severity
    description: str
    """In one line; what must be forgotten one day is not in it."""
    words: Sequence[str]
    """Texts by whose words the case is found."""


@dataclass(frozen=True)
class RecordedKind:
    """One kind of case on record."""

    spec: KindSpec
    conclusion: type[Contract]
    """What a person is asked about in a round."""
    read_rounds: ReadRounds
    read_view: ReadView
    subject: type[Contract] | None = None
    """What opens a case; None: alerts do."""
    about: Callable[[Any], Subject] | None = None
    """What that is, as lists show it."""


def asked_rounds(
    connection: Connection, case_id: str, reviews: Sequence[PlainRow], decisions: Mapping[str, Decision]
) -> Iterator[tuple[Round, str | None]]:
    """What every kind has of its rounds, in order, each with what it came to as it is stored."""
    asked = {row.round: row for row in reviews}
    for row in connection.execute(_OF_CASE, {"of_case": case_id}):
        review = asked.get(row.round)
        if review is None:
            yield Round(round=row.round), row.assessment
        else:
            question, decision = read_review(review), decisions.get(review.review_id)
            yield Round(round=row.round, review=question, decision=decision), row.assessment
