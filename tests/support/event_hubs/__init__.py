"""An Event Hubs namespace of one hub, to which senders and receivers of the real SDK connect."""

from tests.support.event_hubs.namespace import EventHubs
from tests.support.event_hubs.stored import Fate, StoredEvent

__all__ = ["EventHubs", "Fate", "StoredEvent"]
