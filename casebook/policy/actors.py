"""The actors of events that are no people: the system, the worker, the agents. People are named by their subjects."""

SYSTEM = "system"
"""The actor of the product's own events."""
WORKER = "worker"
"""The actor of what the investigation does."""
AGENT = "agent:"
"""How the actors of what specialists do begin."""
CHANNEL = "channel"
"""The actor of what a channel passes on without a session."""


def is_reserved(subject: str) -> bool:
    """Whether nobody may have this subject: what they did would be taken for the product's own doing."""
    return subject in (SYSTEM, WORKER, CHANNEL) or subject.startswith(AGENT)
