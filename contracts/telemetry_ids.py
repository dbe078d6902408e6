"""Ids of events that have none, or one that is too long."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

_LONGEST = 128
_HEAD, _DIGEST = 80, 24


def cut_id(given: str) -> str:
    """The id; one of more than 128 characters is cut, with a digest of it."""
    return given if len(given) <= _LONGEST else f"{given[:_HEAD]}-{_digest(given)}"


def made_id(fields: Mapping[str, Any]) -> str:
    """Derived from the content of the event: the same for the same event, on any machine."""
    return f"made-{_digest(json.dumps(fields, sort_keys=True, default=repr))}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:_DIGEST]
