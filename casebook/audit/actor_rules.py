"""Who may be the actor of each event: the product's own events name no person, events of people do. Pure."""

from casebook.policy.actors import AGENT, SYSTEM, WORKER
from casebook.projection.event_types import EVENT_TYPES
from contracts.case import CaseEvent


def why_not_by(event: CaseEvent) -> str | None:
    """Why this is nothing that its actor does; None when it is."""
    match EVENT_TYPES[event.type].actors:
        case "anybody":
            return None
        case "people":
            is_right = event.actor not in (WORKER, SYSTEM) and not event.actor.startswith(AGENT)
        case "people_or_system":
            is_right = event.actor != WORKER and not event.actor.startswith(AGENT)
        case "agents":
            is_right = event.actor == f"{AGENT}{event.data['specialist']}"
        case "product":
            is_right = event.actor in (WORKER, SYSTEM)
    return None if is_right else f"it is nothing that '{event.actor}' does"
