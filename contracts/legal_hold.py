"""A legal hold: nothing of a case is purged or erased, whatever its age, until a manager lifts that."""

from contracts.base import Contract, UtcDateTime


class LegalHold(Contract):
    """A legal hold that is in force. It ends only by being lifted."""

    held_by: str
    """The stable subject id of a person."""
    held_since: UtcDateTime
    reason: str
    """In the words of who placed it."""
