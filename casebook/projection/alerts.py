"""Events of the alerts of a case: one joins, people detach one, or make a case part of another one."""

from collections.abc import Iterable, Iterator
from typing import ClassVar

from casebook.policy.log_facts import Data, LogFacts
from casebook.policy.priority import PRIORITY
from casebook.projection.case_head import CaseHead
from casebook.projection.cases import ALERT, raised
from casebook.projection.changes import Change, Put, Update
from casebook.projection.event_data import Actors, EventData, Occurrence
from casebook.projection.questions import end_open_review
from contracts import domain_events
from contracts.alert import Alert
from contracts.base import Score, added_later
from contracts.case import CaseEvent
from contracts.ids import AlertId, CaseId
from contracts.kinds.fraud import FRAUD
from contracts.names import CaseEventType
from contracts.severity import Severity


def _end_question(case: CaseHead, review_id: str | None) -> Iterator[Change]:
    """An open question about other alerts than the case has now is over."""
    if review_id is not None:
        case.move("investigating")
        yield from end_open_review(case, "superseded")


class AlertJoined(EventData):
    """One more alert of the customer. An open question about what was concluded without it is over."""

    type: ClassVar[CaseEventType] = "alert_joined"
    kind: ClassVar[str | None] = FRAUD.name
    actors: ClassVar[Actors] = "anybody"

    alert: Alert
    review_id: str | None
    """The question that it overtook; null when nobody was asked."""
    moved_from: CaseId | None = added_later()
    """The case that people took it from."""
    scored: Score | None = added_later()
    """The score that its bands went by in the case that people took it from; null where it has none."""

    def dedupe_key(self, previous_seq: int = 0) -> str:
        """An alert joins a case once, and once more each time that people bring it back."""
        name = self.named(self.alert.alert_id)
        return name if self.moved_from is None else f"{name}:{previous_seq}"

    def tells(self, case_id: str) -> Iterator[domain_events.DomainEvent]:
        yield raised(case_id, self.alert, joined=True)

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        alert: Data = data["alert"]
        reason = log.facts.why_no_alert()
        log.facts.alert_count += 1
        log.facts.unseen_alerts += 1
        log.take(data)
        log.rate()
        reason = log.overtake(data["review_id"]) or reason
        return reason if alert["customer_id"] == log.customer else "it is about another customer"

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        case.take_alert(self.alert.severity)
        columns = {"recorded_seq": at.seq, "moved_to": None}
        yield Put(ALERT, {"alert_id": self.alert.alert_id}, columns, {}, self.alert)
        yield from _end_question(case, self.review_id)


class AlertDetached(EventData):
    """A person takes an alert out of the case, into another one. The case is investigated again without it."""

    type: ClassVar[CaseEventType] = "alert_detached"
    kind: ClassVar[str | None] = FRAUD.name
    actors: ClassVar[Actors] = "people"
    named_by: ClassVar[tuple[str, ...]] = ("alert_id",)
    recurs: ClassVar[bool] = True

    alert_id: AlertId
    moved_to: CaseId
    severity: Severity
    """The worst of the alerts that are left."""
    review_id: str | None
    """The question that was over by it."""
    reason: str

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        reason = log.facts.why_alerts_stay()
        first = next(iter(log.alerts), None)
        if data["alert_id"] not in log.alerts or data["alert_id"] == first:
            return "the case did not have that alert, or was opened by it"
        del log.alerts[data["alert_id"]]
        log.facts.alert_count -= 1
        log.facts.unseen_alerts += 1
        log.rate()
        reason = log.overtake(data["review_id"]) or reason
        return reason if data["severity"] == log.severity else "another severity is the worst of what is left"

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        case.lose_alert(self.severity)
        yield Update(ALERT, {"alert_id": self.alert_id}, {"moved_to": self.moved_to})
        yield from _end_question(case, self.review_id)


class CaseMerged(EventData):
    """A person makes the case part of another one of the customer, which has its alerts from here on."""

    type: ClassVar[CaseEventType] = "case_merged"
    kind: ClassVar[str | None] = FRAUD.name
    actors: ClassVar[Actors] = "people"
    recurs: ClassVar[bool] = True

    into: CaseId
    alert_ids: tuple[AlertId, ...]
    review_id: str | None
    """The question that was over by it."""
    reason: str

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        reason = log.facts.why_alerts_stay()
        alike = list(log.alerts) == data["alert_ids"]
        reason = log.overtake(data["review_id"]) or reason
        # Nobody waits meanwhile: should it go on one day, it is asked about with a deadline of its own.
        log.facts.overtaken = None
        log.is_closed, log.ended_as = True, "merged"
        log.alerts.clear()
        return reason if alike else "it had other alerts"

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        for alert_id in self.alert_ids:
            yield Update(ALERT, {"alert_id": alert_id}, {"moved_to": self.into})
        yield from end_open_review(case, "superseded")
        case.move("closed")
        case.outcome, case.merged_into = "merged", self.into
        case.alert_changes += 1
        case.end_claim()


class CaseUnmerged(EventData):
    """A person takes the alert that opened the case back out of the other one: it goes on with it."""

    type: ClassVar[CaseEventType] = "case_unmerged"
    kind: ClassVar[str | None] = FRAUD.name
    actors: ClassVar[Actors] = "people"
    follows_closing: ClassVar[bool] = True
    recurs: ClassVar[bool] = True

    moved_from: CaseId
    reason: str

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        reason = None if log.is_closed and log.ended_as == "merged" else "the case was not merged"
        log.is_closed, log.ended_as = False, None
        log.facts.alert_count = 0
        return reason

    def apply(self, case: CaseHead, at: Occurrence) -> Iterable[Change]:
        case.move("investigating")
        case.outcome = case.merged_into = None
        # The alert that joins next is the worst.
        case.alert_count, case.priority = 0, len(PRIORITY)
        return ()
