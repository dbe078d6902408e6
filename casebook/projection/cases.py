"""Events of a case itself: it is opened, its orchestration fails, it is closed."""

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar, Self

from pydantic import model_validator

from casebook.policy.actors import SYSTEM
from casebook.policy.guards import CLOCK_TOLERANCE, GuardFacts
from casebook.policy.log_facts import Data, LogFacts
from casebook.policy.priority import PRIORITY
from casebook.policy.review_terms import Limits
from casebook.projection.case_head import CaseHead
from casebook.projection.changes import Change, Insert, ProjectedTable
from casebook.projection.event_data import Actors, EventData, JournalHead, Occurrence
from casebook.projection.questions import end_open_review
from casebook.projection.rounds import enter_round
from casebook.schema.cases import AlertRow, CaseRow, SubjectRow
from contracts import domain_events
from contracts.alert import Alert
from contracts.base import Contract, NonEmptyText, Score, added_later
from contracts.case import CaseEvent, CaseOutcome
from contracts.effect import EffectStatus
from contracts.ids import CaseId, Hash, SubjectId
from contracts.investigation import InvestigationPolicy
from contracts.kinds import CaseKind, kind_of
from contracts.kinds.fraud import FRAUD
from contracts.kinds.kind import KindSpec
from contracts.names import CaseEventType
from contracts.severity import Severity
from contracts.telemetry import CustomerId

CASE = ProjectedTable(
    CaseRow,
    ("case_id",),
    body=None,
    parsed=("specialists",),
    # Delivery acknowledgements, the end of a claim, and the heads of the two chains, which are verified by themselves.
    unlogged=(
        "scheduled_at",
        "claimed_at",
        "claim_expires_at",
        "last_seq",
        "last_hash",
        "journal_entries",
        "journal_hash",
    ),
)

UNDONE: frozenset[EffectStatus] = frozenset({"failed", "unknown"})
"""The states of an approved effect that end a case as `failed`: refused permanently, or unknown to the end."""

ALERT = ProjectedTable(AlertRow, ("alert_id",))


SUBJECT = ProjectedTable(SubjectRow, ("subject_id",))


class SubjectOpening(Contract):
    """How a case is opened that has no alerts."""

    kind: CaseKind
    subject_id: SubjectId
    customer_id: CustomerId | None
    severity: Severity
    description: NonEmptyText
    """What it is about, in one line."""
    policy: InvestigationPolicy
    """The limits of the case."""
    subject_hash: Hash
    """Of what it is about."""


def raised(case_id: str, alert: Alert, *, joined: bool) -> domain_events.AlertRaised:
    """What others are told of an alert."""
    return domain_events.AlertRaised(
        case_id=case_id,
        alert_id=alert.alert_id,
        customer_id=alert.customer_id,
        alert_type=alert.alert_type,
        severity=alert.severity,
        joined=joined,
    )


class CaseOpened(EventData):
    """The case of an alert, or of what another kind of case is about."""

    type: ClassVar[CaseEventType] = "case_opened"
    actors: ClassVar[Actors] = "anybody"

    alert: Alert | None = added_later()
    follows: CaseId | None = added_later()
    """The customer's case before it, which could not take its alert."""
    scored: Score | None = added_later()
    """The score that its bands went by in the case that people took it from; null where it has none."""
    opening: SubjectOpening | None = added_later()
    """What is said instead of an alert, by any other kind than fraud."""

    @model_validator(mode="after")
    def _says_one(self) -> Self:
        if (self.alert is None) == (self.opening is None):
            raise ValueError("a case is opened by an alert, or by what another kind is about")
        return self

    def tells(self, case_id: str) -> Iterator[domain_events.DomainEvent]:
        kind = kind_of(case_id).name
        if self.alert is not None:
            yield raised(case_id, self.alert, joined=False)
        about = self.alert or self.opening
        assert about is not None, "a case is opened by an alert, or about a subject"
        yield domain_events.CaseOpened(
            case_id=case_id, kind=kind, customer_id=about.customer_id, severity=about.severity
        )

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        opening: Data | None = data.get("opening")
        if opening is not None:
            log.customer, log.severity = opening["customer_id"], opening["severity"]
            log.limits = Limits(InvestigationPolicy.model_validate(opening["policy"]), log.severity)
            kind = kind_of(log.case_id)
            if opening["kind"] != kind.name or kind.case_id(opening["subject_id"]) != log.case_id:
                return "its id is that of another case"
            return None if data.get("follows") is None else "only a case of fraud follows another one"
        alert: Data = data["alert"]
        log.customer, log.severity = alert["customer_id"], alert["severity"]
        log.take(data)
        return None if kind_of(log.case_id) is FRAUD else "no alert opens a case of this kind"

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        if self.opening is not None:
            yield self._open_without_alerts(case, at, self.opening)
            return
        alert = self.alert
        assert alert is not None, "it says one of both"
        case.opened = {
            "kind": FRAUD.name,
            "alert_id": alert.alert_id,
            "customer_id": alert.customer_id,
            "alert_type": alert.alert_type,
            # Nobody can mend an alert that a stream brought: better shown with a gap than never opened.
            "description": alert.description.replace("\0", "\N{REPLACEMENT CHARACTER}"),
            "source": alert.source,
            "rule_id": alert.rule_id,
            "opened_at": at.at,
            "opened_seq": at.seq,
            "follows": self.follows,
        }
        case.severity, case.priority = alert.severity, PRIORITY[alert.severity]
        yield Insert(ALERT, {"alert_id": alert.alert_id, "recorded_seq": at.seq, "moved_to": None}, alert)

    @staticmethod
    def _open_without_alerts(case: CaseHead, at: Occurrence, opening: SubjectOpening) -> Change:
        case.opened = {
            "kind": opening.kind,
            "alert_id": None,
            "customer_id": opening.customer_id,
            "alert_type": None,
            "description": opening.description,
            "source": None,
            "rule_id": None,
            "opened_at": at.at,
            "opened_seq": at.seq,
            "follows": None,
        }
        case.severity, case.priority = opening.severity, PRIORITY[opening.severity]
        case.alert_count, case.specialists = 0, {}
        return Insert(SUBJECT, {"subject_id": opening.subject_id, "recorded_seq": at.seq}, opening.subject_hash)


class OrchestrationFailed(EventData):
    """The orchestration is over, and did not close the case."""

    type: ClassVar[CaseEventType] = "orchestration_failed"
    kind: ClassVar[str | None] = FRAUD.name
    recurs: ClassVar[bool] = True

    round: int
    reason: str
    failures: int
    reopens_review: bool
    """Whether the question that comes next begins: nobody is asked, or the answer no longer holds."""

    @staticmethod
    def why_not(found: GuardFacts, wanted: int) -> str | None:
        """Why a person may not be asked in a round because the orchestration failed; None when that may be."""
        if wanted not in (found.round, found.round + 1):
            return f"the case is in round {found.round}"
        if found.is_settled:
            return f"what was answered in round {found.round} stands"
        if wanted == found.round and found.asked_role is not None:
            return "a person was asked about it already"
        return None

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        log.facts.was_asked = True
        number: int = data["round"]
        if event.actor != SYSTEM:
            return f"{event.actor} is said to have found out"
        if not data["reopens_review"]:
            return None if number == log.facts.round else f"the case was in round {log.facts.round}"
        reason = cls.why_not(log.facts, number)
        log.end_questions()
        log.enter_round(number)
        log.facts.reopens_review = True
        return reason

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        if self.reopens_review:
            if case.state != "acting":
                case.move("investigating")
            yield from end_open_review(case, "superseded")
            yield enter_round(case, self.round, at)


class CaseClosed(EventData):
    """The case ends."""

    type: ClassVar[CaseEventType] = "case_closed"

    outcome: CaseOutcome
    round: int
    journal: JournalHead
    reopening: int | None = added_later()
    """How often the case had been reopened, where it had."""

    def dedupe_key(self, previous_seq: int = 0) -> str:
        """A case is closed once, and once more after each time that it was reopened."""
        return self.named() if self.reopening is None else self.named(self.reopening)

    @staticmethod
    def why_not(kind: KindSpec, found: GuardFacts, outcome: CaseOutcome, now: datetime) -> str | None:
        """Why a case of this kind may not end with `outcome`; None when it may."""
        if outcome not in kind.outcomes:
            return f"no case of kind '{kind.name}' ends like that"
        if outcome == kind.rejected_as:
            return None if found.verdict == "reject" else f"nobody rejected round {found.round}"
        if outcome == "auto_cleared":
            return _why_not_by_itself(found)
        if outcome == "merged":
            return "only people merge cases"
        if outcome == "unresolved":
            return f"{', '.join(sorted(found.done))} is done" if found.done else found.why_nobody_withdrew()
        if outcome == "failed":
            return _why_not_failed(found, now)
        if found.done != kind.effects_behind(outcome):
            return f"what is done by its record is {', '.join(sorted(found.done)) or 'nothing'}"
        if found.verdict == "approve" and found.action is not None and found.done >= set(found.approved):
            return None
        # What an earlier round's approval did stays done, although nobody approves the rest.
        if found.done and found.why_nobody_withdrew() is None:
            return None
        return f"no accepted decision on round {found.round} approves it"

    def tells(self, case_id: str) -> Iterator[domain_events.DomainEvent]:
        yield domain_events.CaseClosed(case_id=case_id, kind=kind_of(case_id).name, outcome=self.outcome)

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        outcome: CaseOutcome = data["outcome"]
        log.is_closed, log.ended_as = True, outcome
        if data.get("reopening") != (log.reopenings or None):
            return f"the case was reopened {log.reopenings} times before it"
        if outcome == "auto_cleared":
            log.cleared_itself_at = event.seq
        if data["round"] != log.facts.round:
            return f"the case is in round {log.facts.round}"
        log.facts.patience = None if log.limits is None else log.limits.patience
        log.facts.rules_ask = log.rules_ask()
        return cls.why_not(kind_of(log.case_id), log.facts, outcome, event.at)

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        case.move("closed")
        case.outcome = self.outcome
        yield from end_open_review(case, "expired")


def _why_not_by_itself(found: GuardFacts) -> str | None:
    if found.was_asked:
        return "a person was asked, so a person decides"
    if found.route != "auto_clear":
        return f"the assessment on record of round {found.round} does not say so"
    if found.rules_ask:
        return "the rules of its alerts want a person to decide"
    return found.why_not_investigated()


def _why_not_failed(found: GuardFacts, now: datetime) -> str | None:
    """Whatever else goes wrong goes to a person."""
    if any(_is_undone(found, action, now) for action in found.approved):
        return None
    return f"nothing that was approved in round {found.round} has failed, or is in doubt for good"


def _is_undone(found: GuardFacts, action: str, now: datetime) -> bool:
    """Whether an effect was refused, or nobody found out for as long as the limits say: whoever says so sooner."""
    status, begun_at = found.effects.get(action), found.begun_at.get(action)
    if status != "unknown" or found.patience is None or begun_at is None:
        return status in UNDONE
    return now + CLOCK_TOLERANCE >= begun_at + found.patience
