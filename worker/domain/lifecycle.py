"""The phases of an investigation in its custom status, as a table of legal transitions."""

from collections.abc import Mapping

from contracts.case import Phase

MOVES: Mapping[Phase, frozenset[Phase]] = {
    "investigating": frozenset({"investigating", "assessing"}),
    # To `investigating`: an alert joined meanwhile, and another round follows.
    "assessing": frozenset({"investigating", "awaiting_review", "escalated", "closed"}),
    # To itself: what was approved no longer holds, and the next question follows.
    "awaiting_review": frozenset({"investigating", "awaiting_review", "escalated", "acting", "closed"}),
    "escalated": frozenset({"investigating", "escalated", "acting", "closed"}),
    # Back to a person: the store refused a part of what was approved, or nobody had approved it.
    "acting": frozenset({"awaiting_review", "escalated", "closed"}),
    "closed": frozenset(),
}


class IllegalMove(Exception):
    """The table has no such move: a fault in an orchestrator, never in a case."""

    def __init__(self, source: Phase, target: Phase) -> None:
        super().__init__(f"An investigation cannot go from '{source}' to '{target}'.")


def refuse_illegal(source: Phase, target: Phase) -> None:
    """Raises IllegalMove unless `source` may be followed by `target`."""
    if target not in MOVES[source]:
        raise IllegalMove(source, target)
