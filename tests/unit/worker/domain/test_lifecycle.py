"""The table of legal moves."""

from typing import get_args

import pytest

from contracts.case import Phase
from worker.domain.lifecycle import MOVES, IllegalMove, refuse_illegal

LEGAL: set[tuple[Phase, Phase]] = {
    ("investigating", "investigating"),
    ("investigating", "assessing"),
    ("assessing", "investigating"),
    ("assessing", "awaiting_review"),
    ("assessing", "escalated"),
    ("assessing", "closed"),
    ("awaiting_review", "investigating"),
    ("awaiting_review", "awaiting_review"),
    ("awaiting_review", "escalated"),
    ("awaiting_review", "acting"),
    ("awaiting_review", "closed"),
    ("escalated", "investigating"),
    ("escalated", "escalated"),
    ("escalated", "acting"),
    ("escalated", "closed"),
    ("acting", "awaiting_review"),
    ("acting", "escalated"),
    ("acting", "closed"),
}
PHASES: tuple[Phase, ...] = get_args(Phase)


def test_every_phase_has_its_row() -> None:
    assert set(MOVES) == set(PHASES)


@pytest.mark.parametrize("source", PHASES)
@pytest.mark.parametrize("target", PHASES)
def test_only_legal_moves_pass(source: Phase, target: Phase) -> None:
    if (source, target) in LEGAL:
        refuse_illegal(source, target)
    else:
        with pytest.raises(IllegalMove, match=f"'{source}' to '{target}'"):
            refuse_illegal(source, target)


def test_nothing_acts_that_was_not_put_before_a_person() -> None:
    assert {source for source, targets in MOVES.items() if "acting" in targets} == {"awaiting_review", "escalated"}
