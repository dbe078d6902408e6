"""The desk log: what people change that belongs to no case, with the value before and after."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt

from contracts.base import Contract, FiniteJson, UtcDateTime
from contracts.ids import Hash

DeskChangeKind = Literal[
    "view_saved",
    "view_deleted",
    "view_unshared",
    "assignment_changed",
    "user_linked",
    "conversation_erased",
    "subscription_created",
    "subscription_changed",
    "subscription_deleted",
    "events_replayed",
    "dead_letters_resent",
    "dead_letter_dropped",
    "schedule_paused",
    "schedule_resumed",
    "counts_reset",
    "telemetry_retried",
    "telemetry_dropped",
    "rule_drafted",
    "rule_shadowed",
    "rule_shadow_ended",
    "rule_promoted",
    "rule_rolled_back",
    "rule_switched_off",
    "rule_switched_on",
    "alerts_snoozed",
    "alerts_unsnoozed",
    "suppression_added",
    "suppression_removed",
    "model_rolled_back",
    "back_test_requested",
    "back_test_cancelled",
    "case_purged",
    "accesses_purged",
]
"""What was changed: somebody saved, replaced or shared a view, forgot one, or a manager ended that it is shared; or a
manager changed how cases are assigned, had a conversation erased, paused or resumed a schedule, had all message
counts reset, had dead letters of telemetry tried again or dropped, drafted a version of a rule or said which of them
judge, had a version tried on telemetry of the past or ended that, snoozed alerts of a rule about a customer, changed
what never counts, or went back to an earlier model of the risk score; or an admin said which customer a user is, or
changed to whom domain events are sent; or the product purged a case, or lines of the access record, that had been kept
for long enough."""


class DeskChange(Contract):
    """One line of the desk log."""

    number: Annotated[int, Field(ge=1)]
    """Counts all lines, without gaps."""
    at: UtcDateTime
    actor: str
    """The stable subject id of who changed it."""
    kind: DeskChangeKind
    owner: str | None
    """Whose it is; null for what is everybody's."""
    name: str
    """What it is called: of a view its name."""
    before: dict[str, FiniteJson] | None
    """Null where there was nothing."""
    after: dict[str, FiniteJson] | None
    """Null where nothing is left."""
    hash: Hash
    """Over all other fields and the hash of the line before it."""


class DeskChangePage(Contract):
    """Lines of the desk log, oldest first: the newest, or those before another page."""

    items: tuple[DeskChange, ...]
    next_cursor: str | None
    """Leads further back; null on the last page."""
    total: NonNegativeInt
    """How many lines the whole log has."""
