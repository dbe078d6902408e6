"""Reads cases about replies to customers."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from casebook.queries.kinds.kind import RecordedKind, Subject
from casebook.queries.review_rows import read_review
from casebook.schema.base import PlainRow, table_of
from casebook.schema.cases import SubjectRow
from casebook.schema.rounds import RoundRow
from contracts.kinds.reply import REPLY
from contracts.reply import DraftedRound, HeldReply, ReplyCaseView, ReplyDraft
from contracts.review import Decision

_ROUNDS, _SUBJECTS = table_of(RoundRow), table_of(SubjectRow)
_OF_CASE = select(_ROUNDS).where(_ROUNDS.c.case_id == bindparam("of_case")).order_by(_ROUNDS.c.round)
_SUBJECT = select(_SUBJECTS.c.body).where(_SUBJECTS.c.case_id == bindparam("of_case"))


def _read_rounds(
    connection: Connection, case_id: str, reviews: Sequence[PlainRow], decisions: Mapping[str, Decision]
) -> tuple[DraftedRound, ...]:
    asked = {row.round: row for row in reviews}
    rounds: list[DraftedRound] = []
    for row in connection.execute(_OF_CASE, {"of_case": case_id}):
        review = asked.get(row.round)
        rounds.append(
            DraftedRound(
                round=row.round,
                draft=None if row.assessment is None else ReplyDraft.model_validate_json(row.assessment),
                review=None if review is None else read_review(review),
                decision=None if review is None else decisions.get(review.review_id),
            )
        )
    return tuple(rounds)


def _read_view(
    connection: Connection, case: PlainRow, common: Mapping[str, Any], rounds: Sequence[Any]
) -> ReplyCaseView:
    current = next((each for each in rounds if each.round == case.round), None)
    subject = connection.execute(_SUBJECT, {"of_case": case.case_id}).scalar_one()
    return ReplyCaseView.model_validate(
        {
            **common,
            "subject": HeldReply.model_validate_json(subject),
            "draft": None if current is None else current.draft,
            "earlier_rounds": tuple(each for each in rounds if each.round < case.round),
        }
    )


def _about(held: HeldReply) -> Subject:
    return Subject(
        subject_id=held.turn_id,
        customer_id=held.customer_id,
        severity="medium",
        description=f"Reply to {held.user_id}",
        words=(held.message, held.user_id),
    )


REPLIES = RecordedKind(REPLY, ReplyDraft, _read_rounds, _read_view, HeldReply, _about)
