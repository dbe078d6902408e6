"""Signs what people have approved, with a key that only the backend has."""

import logging

from casebook.async_api import AsyncGrants
from casebook.errors import CaseNotFound
from contracts.access import TOOLS_AUDIENCE
from contracts.grants import GRANT_ISSUER, Grant
from runtime.signatures import PrivateKey

log = logging.getLogger("casewright.grants")


class Ed25519Signer:
    """Fulfils the casebook's `GrantSigner`."""

    def __init__(self, key: PrivateKey) -> None:
        self._key = key
        self.key_id = key.key_id

    def sign(self, grant: Grant) -> str:
        """The grant as a JSON Web Token."""
        issued = int(grant.issued_at.timestamp())
        return self._key.sign(
            {
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
        )


class GrantKeeper:
    """Keeps every approved effect that has not ended granted: before it is delivered, and again before its end.

    Without a key nothing is signed, and what is approved waits.
    """

    def __init__(self, record: AsyncGrants, key: PrivateKey | None) -> None:
        self._record = record
        self._signer = None if key is None else Ed25519Signer(key)

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
        """Sign what is being carried out and has no grant: of other releases, of another key, or about to expire.

        Raises CasebookUnavailable.
        """
        if self._signer is None:
            return
        for case_id in await self._record.acting_cases():
            await self.sign(case_id)
        await self._record.purge()
