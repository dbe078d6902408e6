"""The mark of a task hub: the casebook whose work it holds, set by the backend and checked by the worker."""

from contracts.base import Contract


class HubOwner(Contract):
    """Input of the one orchestration that marks a task hub. It is never carried further than to be read."""

    casebook_id: str
    """The casebook that every case of this hub is in."""
