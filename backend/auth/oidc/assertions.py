"""How the desk proves to the provider which client it is: by a signed assertion, never by a shared secret.

RFC 7523; for certificates as Microsoft Entra ID asks for them, with `x5t#S256`.
"""

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from azure.core.exceptions import AzureError
from azure.identity.aio import ManagedIdentityCredential
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from backend.auth.oidc.errors import ProviderUnavailable

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
VALID_FOR = timedelta(minutes=5)
EXCHANGE_SCOPE = "api://AzureADTokenExchange/.default"
"""What a managed identity asks for to vouch for an application of Microsoft Entra ID."""

ClientAssertion = Callable[[str], Awaitable[str]]
"""An assertion for this token endpoint. Raises ProviderUnavailable where none can be made."""


class CertificateAssertion:
    """Signed with the private key of a certificate. The file is read each time: a new certificate needs no restart."""

    def __init__(self, file: Path, client_id: str, now: Callable[[], datetime]) -> None:
        self._file = file
        self._client_id = client_id
        self._now = now

    async def __call__(self, token_endpoint: str) -> str:
        """The assertion. Raises ProviderUnavailable."""
        try:
            return await asyncio.to_thread(self._sign, token_endpoint)
        except (OSError, ValueError, KeyError, TypeError, JoseError) as error:
            raise ProviderUnavailable(
                f"OIDC_CLIENT_CERTIFICATE_FILE holds no private key with its certificate: {type(error).__name__}"
            ) from None

    def _sign(self, token_endpoint: str) -> str:
        pem, now = self._file.read_bytes(), self._now()
        certificate = load_pem_x509_certificate(pem)
        private = _private_key(pem)
        if private.public_key() != certificate.public_key():
            raise ValueError("the certificate is of another key")
        thumbprint = certificate.fingerprint(SHA256())
        key, algorithm = _signing(private)
        header = {"alg": algorithm, "x5t#S256": base64.urlsafe_b64encode(thumbprint).rstrip(b"=").decode()}
        claims = {
            "aud": token_endpoint,
            "iss": self._client_id,
            "sub": self._client_id,
            "jti": str(uuid4()),
            "iat": now,
            "nbf": now,
            "exp": now + VALID_FOR,
        }
        return jwt.encode(header, claims, key, [algorithm])


class FederatedAssertion:
    """What another issuer that the provider trusts says of this workload, as in a projected service account token."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def __call__(self, token_endpoint: str) -> str:  # noqa: ARG002 - it is for all of them
        """The assertion. Raises ProviderUnavailable."""
        try:
            return (await asyncio.to_thread(self._file.read_text, "ascii")).strip()
        except (OSError, ValueError) as error:
            reason = f"OIDC_FEDERATED_TOKEN_FILE cannot be read: {type(error).__name__}"
            raise ProviderUnavailable(reason) from None


class ManagedIdentityAssertion:
    """What Azure says of this workload, for an application that trusts its managed identity."""

    def __init__(self, client_id: str) -> None:
        self._client_id = client_id

    async def __call__(self, token_endpoint: str) -> str:  # noqa: ARG002 - it is for all of them
        """The assertion. Raises ProviderUnavailable."""
        try:
            async with ManagedIdentityCredential(client_id=self._client_id) as credential:
                return (await credential.get_token(EXCHANGE_SCOPE)).token
        except AzureError as error:
            raise ProviderUnavailable(f"the managed identity gives no token: {type(error).__name__}") from None


PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey
_KEY = re.compile(rb"-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)
_OF_CURVES = {256: "ES256", 384: "ES384", 521: "ES512"}


def _private_key(pem: bytes) -> PrivateKey:
    """The key in a file that holds its certificate, too. Raises ValueError."""
    block = _KEY.search(pem)
    key = None if block is None else load_pem_private_key(block[0], None)
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        raise ValueError("no private key")
    return key


def _signing(key: PrivateKey) -> tuple[RSAKey | ECKey, str]:
    """The key for joserfc, and the algorithm that it signs with."""
    if isinstance(key, RSAPrivateKey):
        return RSAKey.import_key(key), "PS256"
    return ECKey.import_key(key), _OF_CURVES[key.curve.key_size]
