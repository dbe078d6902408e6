"""Keeps a refresh token so that only whoever shows the session's secret can use it: the database alone cannot."""

import base64
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


def seal(text: str, secret: str, session_id: str) -> str:
    """The text, encrypted for the holder of the secret (AES-256-GCM) and bound to the session."""
    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(_key(secret)).encrypt(nonce, text.encode(), session_id.encode())
    return base64.b64encode(nonce + sealed).decode()


def unseal(sealed: str, secret: str, session_id: str) -> str | None:
    """The text; None: it was sealed with another secret, for another session, or was changed."""
    try:
        data = base64.b64decode(sealed, validate=True)
        return AESGCM(_key(secret)).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], session_id.encode()).decode()
    except (ValueError, InvalidTag):
        return None


def _key(secret: str) -> bytes:
    # The secret holds 256 random bits: one step of HKDF-Expand is a key.
    return hmac.digest(secret.encode(), b"casewright refresh token", hashlib.sha256)
