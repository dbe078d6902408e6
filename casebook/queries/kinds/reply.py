"""Reads cases about replies to customers."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from casebook.queries.kinds.kind import RecordedKind, Subject, asked_rounds
from casebook.schema.base import PlainRow, table_of
from casebook.schema.cases import SubjectRow
from casebook.schema.replies import ReplyTextRow
from contracts.kinds.reply import REPLY
from contracts.reply import DraftedRound, EditedReply, Erased, HeldReply, ReplyCaseView, ReplyDraft
from contracts.review import Decision

_SUBJECTS = table_of(SubjectRow)
ERASED_BODY = Erased().model_dump_json()
"""What is stored in place of a text that was erased."""
_TEXTS = table_of(ReplyTextRow)
_EDITED = select(_TEXTS.c.body).where(_TEXTS.c.case_id == bindparam("of_case"), _TEXTS.c.round == bindparam("of_round"))
_SUBJECT = select(_SUBJECTS.c.body).where(_SUBJECTS.c.case_id == bindparam("of_case"))


def _read_rounds(
    connection: Connection, case_id: str, reviews: Sequence[PlainRow], decisions: Mapping[str, Decision]
) -> tuple[DraftedRound, ...]:
    return tuple(
        DraftedRound(**dict(asked), draft=_draft_in(body))
        for asked, body in asked_rounds(connection, case_id, reviews, decisions)
    )


def _draft_in(body: str | None) -> ReplyDraft | None:
    return None if body is None or body == ERASED_BODY else ReplyDraft.model_validate_json(body)


def edited_text(connection: Connection, case_id: str, round_number: int) -> str | None:
    """What a person sends instead of the draft of a round; None when nobody edited it, or it was erased."""
    body = connection.execute(_EDITED, {"of_case": case_id, "of_round": round_number}).scalar()
    return None if body is None or body == ERASED_BODY else EditedReply.model_validate_json(body).text


def _read_view(
    connection: Connection, case: PlainRow, common: Mapping[str, Any], rounds: Sequence[Any]
) -> ReplyCaseView:
    current = next((each for each in rounds if each.round == case.round), None)
    subject = connection.execute(_SUBJECT, {"of_case": case.case_id}).scalar_one()
    edited = edited_text(connection, case.case_id, case.round)
    return ReplyCaseView.model_validate(
        {
            **common,
            "subject": None if subject == ERASED_BODY else HeldReply.model_validate_json(subject),
            "edited": None if edited is None else EditedReply(text=edited),
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
