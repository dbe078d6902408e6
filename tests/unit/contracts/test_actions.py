from itertools import combinations
from typing import get_args

from contracts.actions import (
    ACTIONS,
    EFFECTS,
    REVERSALS,
    EffectAction,
    RecommendedAction,
    ReversalAction,
    action_of,
)


def test_every_action_effect_and_reversal_is_in_the_catalogue() -> None:
    assert set(ACTIONS) == set(get_args(RecommendedAction))
    assert set(EFFECTS) == set(get_args(EffectAction))
    assert set(REVERSALS) == set(get_args(ReversalAction))


def test_each_action_has_an_outcome_of_its_own() -> None:
    assert len({spec.outcome for spec in ACTIONS.values()}) == len(ACTIONS)


def test_each_effect_has_its_own_reversal_and_tool() -> None:
    assert sorted(spec.reversal for spec in EFFECTS.values()) == sorted(REVERSALS)
    tools = [spec.tool for spec in (*EFFECTS.values(), *REVERSALS.values())]
    assert len(set(tools)) == len(tools)


def test_what_is_left_of_an_action_is_an_action() -> None:
    for action, spec in ACTIONS.items():
        for length in range(len(spec.effects) + 1):
            for left in combinations(spec.effects, length):
                assert ACTIONS[action_of(left)].effects == left
        assert action_of(spec.effects) == action
