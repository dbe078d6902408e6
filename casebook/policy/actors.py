"""Who acts in a case beside people, whose ids are their subjects."""

SYSTEM = "system"
"""The actor of what the product does by itself."""
WORKER = "worker"
"""The actor of what the investigation does."""
AGENT = "agent:"
"""How the actors of what specialists do begin."""
