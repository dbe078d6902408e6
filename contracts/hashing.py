"""One canonical form and one hash of contents, so that two processes compute the same hash."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

HASH_PREFIX = "sha256:"

quoted = json.encoder.encode_basestring
"""A text as canonical JSON says it."""
_ENCODE = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def canonical_json(value: BaseModel | Mapping[str, Any] | Sequence[Any]) -> str:
    """JSON with sorted keys, no insignificant space and no escapes outside what JSON demands.

    Models are first dumped in JSON mode (UTC times as ISO 8601, decimals as strings), after the
    idea of RFC 8785. Raises ValueError for NaN and infinities, which JSON cannot say.
    """
    return _ENCODE(value.model_dump(mode="json") if isinstance(value, BaseModel) else value)


def content_hash(value: BaseModel | Mapping[str, Any] | Sequence[Any]) -> str:
    """`sha256:` and the hex digest of the canonical JSON."""
    return text_hash(canonical_json(value))


def text_hash(text: str) -> str:
    """`sha256:` and the hex digest of a text, unchanged."""
    return HASH_PREFIX + hashlib.sha256(text.encode()).hexdigest()
