"""A current claim on a case: who works on it."""

from contracts.base import Contract, UtcDateTime


class Claim(Contract):
    """A lease: after `expires_at` the case is anybody's again, without anyone having to release it."""

    assignee: str
    """The stable subject id of a person."""
    claimed_at: UtcDateTime
    expires_at: UtcDateTime
