"""Whose work a task hub holds: the backend says so before anything else, and a worker asks before it takes work."""

from contracts.base import Contract


class HubOwner(Contract):
    """Input of the one orchestration that marks a task hub. It is never carried further than to be read."""

    casebook_id: str
    """The casebook that every case of this hub is in."""
