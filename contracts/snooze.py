"""A snooze: a case that waits for a person is left out of the queue for a while."""

from contracts.base import Contract, UtcDateTime


class Snooze(Contract):
    """A current snooze. It ends by itself; nothing is written then."""

    snoozed_by: str
    """The stable subject id of a person."""
    until: UtcDateTime
    """Never later than the reminder of the open review, and after that its deadline."""
    until_activity: bool
    """Whether a note or an attachment of somebody else ends it earlier."""
