"""How the desk proves to the provider which client it is."""

import base64
import hashlib
import json
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from backend.auth.oidc.assertions import CertificateAssertion, FederatedAssertion
from backend.auth.oidc.errors import ProviderUnavailable
from tests.unit.casebook.builders import NOON

pytestmark = pytest.mark.anyio

TOKEN_ENDPOINT = "https://login.example/token"
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
KEYS: dict[str, PrivateKey] = {
    "PS256": rsa.generate_private_key(65_537, 2_048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
}


def certificate_for(key: PrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "desk")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    return builder.not_valid_before(NOON).not_valid_after(NOON + timedelta(days=90)).sign(key, hashes.SHA256())


def pem_of(key: PrivateKey, kind: serialization.PrivateFormat = serialization.PrivateFormat.PKCS8) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption())


@pytest.mark.parametrize("algorithm", KEYS)
@pytest.mark.parametrize("kind", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL])
async def test_certificate_signs_what_entra_asks_for(
    tmp_path: Path, algorithm: str, kind: serialization.PrivateFormat
) -> None:
    key, file = KEYS[algorithm], tmp_path / "desk.pem"
    certificate = certificate_for(key)
    file.write_bytes(pem_of(key, kind) + certificate.public_bytes(serialization.Encoding.PEM))

    made = await CertificateAssertion(file, "desk", lambda: NOON)(TOKEN_ENDPOINT)

    public = RSAKey if algorithm == "PS256" else ECKey
    token = jwt.decode(made, public.import_key(pem_of(key)), [algorithm])
    digest = hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).digest()
    assert token.header["x5t#S256"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    at = int(NOON.timestamp())
    claims = {name: value for name, value in token.claims.items() if name != "jti"}
    assert claims == {"aud": TOKEN_ENDPOINT, "iss": "desk", "sub": "desk", "iat": at, "nbf": at, "exp": at + 300}
    again = await CertificateAssertion(file, "desk", lambda: NOON)(TOKEN_ENDPOINT)
    assert json.loads(base64.urlsafe_b64decode(again.split(".")[1] + "=="))["jti"] != token.claims["jti"]


OTHERS = certificate_for(KEYS["ES256"]).public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="no file"),
        pytest.param(b"", id="empty"),
        pytest.param(b"-----BEGIN PRIVATE KEY-----", id="cut off"),
        pytest.param(pem_of(KEYS["PS256"]), id="no certificate"),
        pytest.param(OTHERS, id="no key"),
        pytest.param(pem_of(KEYS["PS256"]) + OTHERS, id="certificate of another key"),
    ],
)
async def test_file_that_proves_nothing_is_said(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "desk.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ProviderUnavailable, match="OIDC_CLIENT_CERTIFICATE_FILE holds no private key"):
        await CertificateAssertion(file, "desk", lambda: NOON)(TOKEN_ENDPOINT)


async def test_federated_token_is_read_each_time(tmp_path: Path) -> None:
    file = tmp_path / "token"
    assertion = FederatedAssertion(file)
    with pytest.raises(ProviderUnavailable, match="OIDC_FEDERATED_TOKEN_FILE cannot be read: FileNotFoundError"):
        await assertion(TOKEN_ENDPOINT)
    for token in ("first\n", "second"):
        file.write_text(token)
        assert await assertion(TOKEN_ENDPOINT) == token.strip()
