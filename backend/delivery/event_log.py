"""Events to the log of this process: where there is no Event Hubs, and to watch what is sent."""

import logging
from collections.abc import Sequence

from contracts.domain_events import CloudEvent

_log = logging.getLogger("casewright.events")


class EventLogSender:
    """Writes one line for each event: the CloudEvent in JSON."""

    async def send(self, events: Sequence[CloudEvent]) -> None:
        """Log the events in their order."""
        for event in events:
            _log.info("%s", event.model_dump_json())
