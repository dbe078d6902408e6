"""Signs what people have approved, with a key that only the backend has."""

import logging

from pydantic import SecretStr

from casebook.async_api import AsyncGrants
from casebook.errors import CaseNotFound
from contracts.access import TOOLS_AUDIENCE
from contracts.grants import GRANT_ISSUER, Grant
from runtime.signatures import PrivateKey, TokenTooLong

MOST_AT_ONCE = 50
"""Cases that are judged in one sweep: what else the relay has to do waits meanwhile."""

log = logging.getLogger("casewright.grants")


ONE_KEY = (
    "GRANT_KEY and MCP_CALLER_KEY are the same key: give each a key of its own, so that nobody who has the one can do "
    "what the other is for."
)


def is_one_key(grant_key: SecretStr | None, caller_key: SecretStr | None) -> bool:
    """Whether the backend would sign grants with the key by which it calls. Raises KeyInvalid."""
    if grant_key is None or caller_key is None:
        return False
    grants, calls = (PrivateKey(key.get_secret_value()) for key in (grant_key, caller_key))
    return grants.key_id == calls.key_id


class Ed25519Signer:
    """Fulfils the casebook's `GrantSigner`."""

    def __init__(self, key: PrivateKey) -> None:
        self._key = key
        self.key_id = key.key_id

    def sign(self, grant: Grant) -> str | None:
        """The grant as a JSON Web Token; None: it would be too long, which the log says."""
        issued = int(grant.issued_at.timestamp())
        claims = {
            "iss": GRANT_ISSUER,
            "aud": TOOLS_AUDIENCE,
            "iat": issued,
            "nbf": issued,
            "exp": int(grant.expires_at.timestamp()),
            "jti": grant.key,
            "approval": grant.approval,
            "assessment_hash": grant.assessment_hash,
            "call": grant.call.model_dump(mode="json"),
        }
        try:
            return self._key.sign(claims)
        except TokenTooLong as fault:
            log.error("The effect %s is not granted, and waits: %s. Approve fewer charges at once.", grant.key, fault)
            return None


class GrantKeeper:
    """Keeps every approved effect that has not ended granted: before it is delivered, and again before its end.

    Without a key nothing is signed, and what is approved waits.
    """

    def __init__(self, record: AsyncGrants, key: PrivateKey | None) -> None:
        self._record = record
        self._signer = None if key is None else Ed25519Signer(key)
        self._judged: dict[str, str] = {}
        """By what each case was judged last that may lack a grant, and did not."""

    async def sign(self, case_id: str) -> None:
        """Sign what was approved in a case. Raises CasebookUnavailable."""
        if self._signer is None:
            return
        try:
            signed = await self._record.sign(case_id, self._signer)
        except CaseNotFound:
            return
        if signed:
            log.info("%s: %d effects granted", case_id, signed)

    async def sweep(self) -> None:
        """Sign what is approved and has no valid grant, and delete what is approved no more.

        What was approved before a restart, an upgrade or another key; what is about to expire. A case is judged again
        only when something of it has changed. Raises CasebookUnavailable.
        """
        if self._signer is None:
            return
        found = await self._record.cases_to_judge(self._signer.key_id)
        self._judged = {each.case_id: each.seen for each in found if self._judged.get(each.case_id) == each.seen}
        waiting = [each for each in found if each.case_id not in self._judged]
        for each in waiting[:MOST_AT_ONCE]:
            await self.sign(each.case_id)
            self._judged[each.case_id] = each.seen
