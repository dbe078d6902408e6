"""Events of replies: the conversation moved on while a draft waited for a person, or was erased."""

from collections.abc import Iterator
from typing import ClassVar

from casebook.policy.log_facts import Data, LogFacts
from casebook.projection.case_head import CaseHead
from casebook.projection.cases import SUBJECT
from casebook.projection.changes import Change, ProjectedTable, Update
from casebook.projection.event_data import Actors, EventData, Occurrence
from casebook.projection.questions import end_open_review
from casebook.projection.rounds import ROUND
from casebook.schema.replies import ReplyTextRow
from contracts import domain_events
from contracts.case import CaseEvent
from contracts.ids import ReviewId
from contracts.kinds.reply import ERASED, REPLY
from contracts.names import CaseEventType
from contracts.reply import Erased

REPLY_TEXT = ProjectedTable(ReplyTextRow, ("round",))


class ConversationMoved(EventData):
    """The customer wrote again, or turned out to be another one. The open question is over: its draft does not know."""

    type: ClassVar[CaseEventType] = "conversation_moved"
    kind: ClassVar[str | None] = REPLY.name
    named_by: ClassVar[tuple[str, ...]] = ("review_id",)

    round: int
    review_id: ReviewId
    """The question that was over by it."""
    position: int | None
    """The place of the further message in its conversation; null: the user was linked to another customer."""

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        stays = f"round {log.facts.round} is decided" if log.facts.verdict is not None else None
        return log.overtake(data["review_id"]) or stays

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        case.move("investigating")
        yield from end_open_review(case, "superseded")


class TextsErased(EventData):
    """The conversation was erased, by a person or for its age: its texts are gone, and nobody is asked any more."""

    type: ClassVar[CaseEventType] = "texts_erased"
    kind: ClassVar[str | None] = REPLY.name
    actors: ClassVar[Actors] = "people_or_system"
    follows_closing: ClassVar[bool] = True

    review_id: ReviewId | None
    """The question that was over by it."""
    ends: bool
    """Whether the case was open."""

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        reason = log.overtake(data["review_id"])
        log.facts.overtaken = None
        if data["ends"] == log.is_closed:
            return "it ends a case that was closed, or leaves one open"
        if not log.is_closed:
            log.is_closed, log.ended_as = True, ERASED
        return reason

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        for table in (SUBJECT, ROUND, REPLY_TEXT):
            yield Update(table, {}, {}, Erased())
        if self.ends:
            yield from end_open_review(case, "superseded")
            case.move("closed")
            case.outcome = ERASED
            case.end_claim()

    def tells(self, case_id: str) -> Iterator[domain_events.DomainEvent]:
        if self.ends:
            yield domain_events.CaseClosed(case_id=case_id, kind=REPLY.name, outcome=ERASED)
