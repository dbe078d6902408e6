"""The errors of the services.

ServiceError
├── WrongMediaType          415
├── AlertIdTaken            409
├── IncompleteDecision      422
├── NoAssignee              422
├── UnfitMember             422
├── NeedsOwnDecision            409
├── ContradictoryDecision   422
├── NothingToRefund         422
├── TextNotSent             422
├── MaskedText              422
├── UnknownCustomer         422
├── WebhookUrlRefused       422
├── RuleNotFound            404
├── RuleContentInvalid      422
├── NotBackTested           409
├── RecordingNotFound       404
├── NoLiveTelemetry         409
├── SuppressionInvalid      422
├── ReplyInterrupted        503
├── CustomerStoreUnavailable 503
├── IfMatchMissing          428
├── RateExceeded            429 (rate_limits)
├── TooManyStreams          429 (open_streams)
└── SchedulerUnavailable    503
    ├── StartRefused        503
    └── TaskHubTaken        503
"""

from collections.abc import Sequence
from typing import ClassVar

from contracts.assignment import MemberRole
from contracts.kinds.reply import SEND_EDITED


class ServiceError(Exception):
    """Base of all refusals: an `id`, the HTTP `status` that fits, and one exact sentence."""

    id: ClassVar[str] = "service-error"
    status: ClassVar[int] = 500
    fields: Sequence[tuple[str, str]] = ()
    """Fields of the request and what is wrong with each."""


class WrongMediaType(ServiceError):
    """A body came as something other than JSON."""

    id = "wrong-media-type"
    status = 415

    def __init__(self, given: str) -> None:
        said = f"'{given}'" if given else "no content type"
        super().__init__(f"The body must be sent as application/json; it came with {said}.")


class AlertIdTaken(ServiceError):
    """An alert of another customer bears the given id."""

    id = "alert-id-taken"
    status = 409

    def __init__(self, alert_id: str, customer_id: int) -> None:
        super().__init__(
            f"The alert '{alert_id}' exists already and is about customer {customer_id}: give another alert_id."
        )


class IncompleteDecision(ServiceError):
    """The decision lacks what its verdict needs."""

    id = "incomplete-decision"
    status = 422

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.fields = ((field, sentence),)


class ContradictoryDecision(ServiceError):
    """A rejection that names an action: nobody can tell later what the person meant."""

    id = "contradictory-decision"
    status = 422

    def __init__(self) -> None:
        sentence = "A rejection approves no action: leave out 'action', or approve."
        super().__init__(sentence)
        self.fields = (("action", sentence),)


class NeedsOwnDecision(ServiceError):
    """A case that is not cleared together with others."""

    id = "needs-own-decision"
    status = 409


MOST_NAMED = 10
"""People in one sentence."""


class NoAssignee(ServiceError):
    """Cases were to be assigned to nobody, or to somebody who cannot work on them."""

    id = "no-assignee"
    status = 422

    def __init__(self, able: Sequence[str]) -> None:
        more = f" and {len(able) - MOST_NAMED:,} others" if len(able) > MOST_NAMED else ""
        sentence = f"Name an assignee who can work on cases: one of {', '.join(able[:MOST_NAMED])}{more}."
        super().__init__(sentence)
        self.fields = (("assignee", sentence),)


class UnfitMember(ServiceError):
    """Somebody was to be assigned cases by rule who cannot decide them."""

    id = "unfit-member"
    status = 422

    def __init__(self, subject: str, role: MemberRole, *, known: bool) -> None:
        why = f"does not have the role '{role}'" if known else "is nobody who can sign in here"
        sentence = f"'{subject}' {why}: leave them out, or name another role."
        super().__init__(sentence)
        self.fields = (("rules.members", sentence),)


class NothingToRefund(ServiceError):
    """A refund was approved, but the assessment names no charges."""

    id = "nothing-to-refund"
    status = 422

    def __init__(self) -> None:
        sentence = "The assessment names no charges to refund: approve another action, or reject with feedback."
        super().__init__(sentence)
        self.fields = (("action", sentence),)


class PreviewUnavailable(ServiceError):
    """The customer store did not say what it would do."""

    id = "preview-unavailable"
    status = 503

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The customer store did not say what it would do ({reason}): it is asked again before anything is done."
        )


class CustomerStoreUnavailable(ServiceError):
    """The customer store did not say who exists."""

    id = "customer-store-unavailable"
    status = 503

    def __init__(self, customer_id: int, reason: str) -> None:
        super().__init__(
            f"The customer store did not say whether there is a customer {customer_id} ({reason}): nothing was changed,"
            " try again."
        )


class UnknownCustomer(ServiceError):
    """A user is to be linked to a customer who does not exist."""

    id = "unknown-customer"
    status = 422

    def __init__(self, customer_id: int) -> None:
        sentence = f"There is no customer {customer_id} in the customer store: check the number."
        super().__init__(sentence)
        self.fields = (("customer_id", sentence),)


class IfMatchMissing(ServiceError):
    """A change that does not say what it changes."""

    id = "if-match-missing"
    status = 428

    def __init__(self) -> None:
        super().__init__(
            "Send the header If-Match with the ETag that you read it with, so that nobody's change is lost."
        )


class SchedulerUnavailable(ServiceError):
    """The durable task scheduler cannot be reached."""

    id = "scheduler-unavailable"
    status = 503

    def __init__(self, reason: str) -> None:
        super().__init__(f"The durable task scheduler cannot be reached: {reason}.")
        self.reason = reason


class StartRefused(SchedulerUnavailable):
    """The scheduler answers, and will never take this start: trying it again is no use."""


class TaskHubTaken(SchedulerUnavailable):
    """The task hub holds the work of another casebook; nothing is ordered there."""

    id = "task-hub-taken"

    def __init__(self, taskhub: str, owner: str, own: str) -> None:
        self.reason = (
            f"The task hub '{taskhub}' holds the work of another casebook ({owner}) than this backend's ({own}): "
            "set CASEBOOK_URL to that casebook, or DTS_TASKHUB to another hub."
        )
        ServiceError.__init__(self, self.reason)


class ReplyInterrupted(ServiceError):
    """The backend stops before a message is answered."""

    id = "reply-interrupted"
    status = 503

    def __init__(self, turn_id: str) -> None:
        super().__init__(f"The server stops before there is a reply: ask for it at /api/chat/{turn_id}.")


class TextNotSent(ServiceError):
    """A decision says what is to be sent, and does not approve that."""

    id = "text-not-sent"
    status = 422

    def __init__(self) -> None:
        sentence = f"Only an approval of '{SEND_EDITED}' takes a text: approve that, or leave the text out."
        super().__init__(sentence)
        self.fields = (("text", sentence),)


class WebhookUrlRefused(ServiceError):
    """Nothing is ever posted to the URL of a subscription."""

    id = "webhook-url-refused"
    status = 422

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.fields = (("url", sentence),)


class RuleNotFound(ServiceError):
    """No rule of this release has this id."""

    id = "rule-not-found"
    status = 404

    def __init__(self, rule_id: str) -> None:
        super().__init__(f"There is no rule '{rule_id}'.")


class RuleContentInvalid(ServiceError):
    """A rule cannot judge by these values."""

    id = "rule-content-invalid"
    status = 422

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        name, fault = faults[0]
        super().__init__(f"The rule cannot judge by this: {name}: {fault}.")
        self.fields = tuple((_place(name), fault) for name, fault in faults)


def _place(name: str) -> str:
    """Where in a draft a fault is: most are of one parameter."""
    return f"content.{name}" if name.partition(".")[0] in ("parameters", "scope") else f"content.parameters.{name}"


class ModelUnusable(ServiceError):
    """This release cannot score with a version of the model."""

    id = "model-unusable"
    status = 422

    def __init__(self, number: int, problem: str) -> None:
        super().__init__(f"Version {number} of the model cannot be used: {problem}")
        self.fields = (("number", problem),)


class RecordingNotFound(ServiceError):
    """No recording that rules can be tried on has this name."""

    id = "recording-not-found"
    status = 404

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no recording '{name}' to try a rule on.")


class NotBackTested(ServiceError):
    """The rule cannot be tried on telemetry of the past."""

    id = "not-back-tested"
    status = 409

    def __init__(self, rule_id: str) -> None:
        super().__init__(
            f"Rule '{rule_id}' cannot be tried on the past: its model has learned from what was decided since. "
            "Compare its versions in shadow."
        )


class NoLiveTelemetry(ServiceError):
    """There is no live source that a back-test can read."""

    id = "no-live-telemetry"
    status = 409


class MaskedText(ServiceError):
    """A text that takes another's place holds what was masked in the other: it would be lost."""

    id = "masked-text"
    status = 422

    def __init__(self, field: str, mark: str) -> None:
        sentence = f"'{mark}' stands for personal data that is masked: show it, and send the whole text."
        super().__init__(sentence)
        self.fields = ((field, sentence),)


class SuppressionInvalid(ServiceError):
    """What is to count never is neither an address nor a customer."""

    id = "suppression-invalid"
    status = 422

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.fields = (("value", sentence),)
