"""Parameters of a query that are refused: those given twice, of which any reader may take another."""

from collections import Counter
from collections.abc import Mapping
from itertools import islice
from typing import Any

from starlette.datastructures import QueryParams

SHOWN = 20
"""How many an answer names at most."""

REPEATABLE: Mapping[str, frozenset[str]] = {
    "GET /api/cases": frozenset({"state"}),
    "GET /api/cases/{case_id}/history": frozenset({"type"}),
    "GET /api/exports/cases": frozenset({"state"}),
    "POST /api/cases/next": frozenset({"keep"}),
}
"""By route: what may be given more than once."""


def find_doubled(given: QueryParams, repeatable: frozenset[str]) -> list[dict[str, Any]]:
    """The first parameters that are given more than once, as a validation error says them."""
    counted = Counter(name for name, _ in given.multi_items())
    doubled = (name for name, count in counted.items() if count > 1 and name not in repeatable)
    message = "it is given more than once: give it once"
    return [{"type": "doubled", "loc": ("query", name), "msg": message} for name in islice(doubled, SHOWN)]
