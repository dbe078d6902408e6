"""Reads cases about replies to customers."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from casebook.queries.kinds.kind import RecordedKind, Subject, asked_rounds
from casebook.schema.base import PlainRow, table_of
from casebook.schema.cases import SubjectRow
from contracts.kinds.reply import REPLY
from contracts.reply import DraftedRound, HeldReply, ReplyCaseView, ReplyDraft
from contracts.review import Decision

_SUBJECTS = table_of(SubjectRow)
_SUBJECT = select(_SUBJECTS.c.body).where(_SUBJECTS.c.case_id == bindparam("of_case"))


def _read_rounds(
    connection: Connection, case_id: str, reviews: Sequence[PlainRow], decisions: Mapping[str, Decision]
) -> tuple[DraftedRound, ...]:
    return tuple(
        DraftedRound(**dict(asked), draft=None if body is None else ReplyDraft.model_validate_json(body))
        for asked, body in asked_rounds(connection, case_id, reviews, decisions)
    )


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
