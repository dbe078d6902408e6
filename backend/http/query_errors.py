"""Parameters of a query that are refused: those given twice, of which any reader may take another, and those that are
no text."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl

SHOWN = 20
"""How many an answer names at most."""

_SURROGATE = re.compile("[\ud800-\udfff]")

REPEATABLE: Mapping[str, frozenset[str]] = {
    "GET /api/cases": frozenset({"state"}),
    "GET /api/cases/{case_id}/history": frozenset({"type"}),
    "GET /api/exports/cases": frozenset({"state"}),
    "POST /api/cases/next": frozenset({"keep"}),
}
"""By route: what may be given more than once."""


_NUL = "it contains the character NUL (U+0000), which no text here has: leave it out"
_NOT_UTF8 = "it is not UTF-8: encode it as that"


def find_errors(query: bytes, repeatable: frozenset[str]) -> list[dict[str, Any]]:
    """The first parameters that are given more than once or are no text, as validation errors say them."""
    given = parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="surrogateescape")
    return [
        {"type": kind, "loc": ("query", name.encode(errors="replace").decode()), "msg": message}
        for name, kind, message in islice(_errors(given, repeatable), SHOWN)
    ]


def _errors(given: Sequence[tuple[str, str]], repeatable: frozenset[str]) -> Iterator[tuple[str, str, str]]:
    for name, count in Counter(name for name, _ in given).items():
        if count > 1 and name not in repeatable:
            yield name, "doubled", "it is given more than once: give it once"
    for name, value in given:
        if "\0" in name + value:
            yield name, "nul", _NUL
        elif _SURROGATE.search(name + value) is not None:
            yield name, "not_utf8", _NOT_UTF8
