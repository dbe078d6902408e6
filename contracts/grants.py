"""What a decision allows the tool server to do, as its signer and its judge read it. See ADR 0072."""

from contracts.base import Contract, UtcDateTime
from contracts.ids import Hash
from contracts.write_calls import WriteCall

GRANT_KEY = "casewright/grant"
"""In the metadata of a call: no argument, so that no model sees or writes it."""
GRANT_ISSUER = "casewright-desk"
GRANT_LIFE_S = 24 * 3600
"""How long a grant is valid, in seconds. The backend replaces it before its end as long as it is approved."""


class Grant(Contract):
    """One call that people have approved. Its id is the call's idempotency key: it is good for one effect."""

    approval: str
    """The id of the review that was answered, or of the reversal that was approved."""
    assessment_hash: Hash | None
    """What the answer was about; null for a reversal."""
    call: WriteCall
    issued_at: UtcDateTime
    expires_at: UtcDateTime

    @property
    def key(self) -> str:
        """The key of the effect."""
        return str(self.call.arguments["idempotency_key"])
