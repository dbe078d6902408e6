"""What others can subscribe to: every domain event, as CloudEvents 1.0.

Of cases they follow from the case log, of everything else they are on record beside it; one sequence orders both.
Nothing in them is a text of a customer, a model or a person: who may read those, reads them by their ids.

Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from contracts.alert import AlertType
from contracts.base import Contract, FiniteJson, UtcDateTime
from contracts.chat import TurnId, UserId
from contracts.effect import EffectStatus
from contracts.ids import AlertId, CaseId, EffectKey, ReversalId, ReviewId
from contracts.kinds import Action, CaseKind, CaseOutcome
from contracts.review import Role, Verdict
from contracts.severity import Severity
from contracts.tasks import TaskField, TaskId
from contracts.telemetry import CustomerId

SPEC_VERSION = "1.0"
TYPE_PREFIX = "casewright."

Noun = Literal["case", "conversation", "task"]


class DomainEvent(Contract):
    """The data of one type of event. Its class is the one place where the type is declared."""

    about: ClassVar[Noun]
    """What its subject names; events of one subject are delivered in order."""


class AlertRaised(DomainEvent):
    """An alert was put on record: it opened a case, or joined one."""

    about: ClassVar[Noun] = "case"

    case_id: CaseId
    alert_id: AlertId
    customer_id: CustomerId
    alert_type: AlertType
    severity: Severity
    joined: bool
    """Whether it joined a case that was open."""


class CaseOpened(DomainEvent):
    """A case was opened."""

    about: ClassVar[Noun] = "case"

    case_id: CaseId
    kind: CaseKind
    customer_id: CustomerId | None
    severity: Severity


class ReviewRequested(DomainEvent):
    """People are asked about a case."""

    about: ClassVar[Noun] = "case"

    case_id: CaseId
    kind: CaseKind
    review_id: ReviewId
    round: int
    required_role: Role
    due_at: UtcDateTime
    recommended_action: Action | None


class HumanReviewRequired(DomainEvent):
    """A reply to a customer waits for a person. The same moment as its `ReviewRequested`."""

    about: ClassVar[Noun] = "case"

    case_id: CaseId
    turn_id: TurnId
    review_id: ReviewId
    round: int
    due_at: UtcDateTime


class CaseEscalated(DomainEvent):
    """A question was passed on to a manager."""

    about: ClassVar[Noun] = "case"

    case_id: CaseId
    review_id: ReviewId
    due_at: UtcDateTime


class DecisionAccepted(DomainEvent):
    """A decision counts: it cannot be taken back any more."""

    about: ClassVar[Noun] = "case"

    case_id: CaseId
    review_id: ReviewId
    verdict: Verdict
    action: Action | None


class ActionExecuted(DomainEvent):
    """An effect on a customer's account came to an end."""

    about: ClassVar[Noun] = "case"

    case_id: CaseId
    key: EffectKey
    action: str
    status: EffectStatus


class ActionReversed(DomainEvent):
    """The reversal of an effect came to an end."""

    about: ClassVar[Noun] = "case"

    case_id: CaseId
    reversal_id: ReversalId
    undoes: EffectKey
    status: EffectStatus


class CaseClosed(DomainEvent):
    """A case ended."""

    about: ClassVar[Noun] = "case"

    case_id: CaseId
    kind: CaseKind
    outcome: CaseOutcome


class CaseReopened(DomainEvent):
    """A closed case was opened again."""

    about: ClassVar[Noun] = "case"

    case_id: CaseId


class MessageSent(DomainEvent):
    """A reply was sent to a user."""

    about: ClassVar[Noun] = "conversation"

    user_id: UserId
    turn_id: TurnId
    reviewed: bool
    """Whether a person approved it."""


class MessageNotSent(DomainEvent):
    """A turn ended without its reply: a person rejected it, nobody decided in time, or none could be written."""

    about: ClassVar[Noun] = "conversation"

    user_id: UserId
    turn_id: TurnId
    state: Literal["rejected", "unresolved", "failed"]


class ConversationErased(DomainEvent):
    """The texts of a conversation were erased."""

    about: ClassVar[Noun] = "conversation"

    user_id: UserId
    turns: Annotated[int, Field(ge=0)]


class TaskCreated(DomainEvent):
    """A task was made."""

    about: ClassVar[Noun] = "task"

    task_id: TaskId
    assignee: UserId
    due_at: UtcDateTime | None
    case_id: CaseId | None
    customer_id: CustomerId | None
    turn_id: TurnId | None
    """The message to the assistant by which its user made it."""


class TaskChanged(DomainEvent):
    """A task was changed."""

    about: ClassVar[Noun] = "task"

    task_id: TaskId
    changed: tuple[TaskField, ...]
    """What is different now."""
    assignee: UserId
    due_at: UtcDateTime | None


class TaskCompleted(DomainEvent):
    """A task is done."""

    about: ClassVar[Noun] = "task"

    task_id: TaskId


class TaskReopened(DomainEvent):
    """A task that was done is to be done again."""

    about: ClassVar[Noun] = "task"

    task_id: TaskId


class TaskDeleted(DomainEvent):
    """A task was deleted."""

    about: ClassVar[Noun] = "task"

    task_id: TaskId


class TaskOverdue(DomainEvent):
    """The due time of an open task has passed. Once for each due time of a task."""

    about: ClassVar[Noun] = "task"

    task_id: TaskId
    assignee: UserId
    due_at: UtcDateTime
    case_id: CaseId | None
    customer_id: CustomerId | None


EventName = Literal[
    "AlertRaised",
    "CaseOpened",
    "ReviewRequested",
    "HumanReviewRequired",
    "CaseEscalated",
    "DecisionAccepted",
    "ActionExecuted",
    "ActionReversed",
    "CaseClosed",
    "CaseReopened",
    "MessageSent",
    "MessageNotSent",
    "ConversationErased",
    "TaskCreated",
    "TaskChanged",
    "TaskCompleted",
    "TaskReopened",
    "TaskDeleted",
    "TaskOverdue",
]
"""The classes above."""


class CloudEvent(Contract):
    """One event as it is delivered."""

    specversion: Literal["1.0"] = SPEC_VERSION
    id: str
    """`{seq}-{type}`: the same whenever it is delivered."""
    source: str
    """`urn:casewright:{id of the installation's record}`."""
    type: str
    subject: str
    time: UtcDateTime
    datacontenttype: Literal["application/json"] = "application/json"
    sequence: str
    """Orders the events of a source: `seq` in 20 digits. An extension of CloudEvents."""
    data: dict[str, FiniteJson]
