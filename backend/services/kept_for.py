"""For how long everything is kept that people do not delete themselves."""

from dataclasses import dataclass
from typing import Literal

Record = Literal[
    "fraud_cases",
    "reply_cases",
    "conversations",
    "tasks",
    "telemetry_dead_letters",
    "undelivered",
    "domain_events",
    "detection_states",
    "accesses",
    "orchestrations",
]
"""What is deleted once it is old, as metrics call it."""

SEVEN_YEARS = 2_557


@dataclass(frozen=True, kw_only=True)
class KeptFor:
    """Days; 0: for ever."""

    cases: int = SEVEN_YEARS
    """Closed cases of fraud, after the last thing that happened in them."""
    reply_cases: int = 730
    """Closed cases about replies, likewise."""
    conversations: int = 365
    """Texts of a conversation, after the last message or reply."""
    tasks: int = 365
    """Tasks that are completed or deleted."""
    telemetry_dead_letters: int = 30
    """Telemetry that was not evaluated."""
    domain_events: int = 90
    """Domain events, and deliveries that were given up."""
    accesses: int = SEVEN_YEARS
    """Lines of the access record."""
    orchestrations: int = 30
    """What has ended, in the scheduler."""
