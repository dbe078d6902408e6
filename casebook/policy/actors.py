"""The actors of events that are no people: the system, the worker, the agents. People are named by their subjects."""

SYSTEM = "system"
"""The actor of the product's own events."""
WORKER = "worker"
"""The actor of what the investigation does."""
AGENT = "agent:"
"""How the actors of what specialists do begin."""
