"""What follows from a decision, and how the case ends."""

import pytest

from contracts.actions import RecommendedAction
from contracts.case import CaseOutcome
from contracts.effect import Effect, EffectStatus
from worker.domain.decisions import outcome_of, planned_effects
from worker.domain.failures import error_of, sentence_for

KEYS = {"lock_account": "case-1:lock_account:7", "refund_charges": "case-1:refund_charges:7:2"}


@pytest.mark.parametrize(
    ("action", "keys"),
    [
        ("clear", []),
        ("lock_account", ["case-1:lock_account:7"]),
        ("refund_charges", ["case-1:refund_charges:7:2"]),
        ("lock_and_refund", ["case-1:lock_account:7", "case-1:refund_charges:7:2"]),
    ],
)
def test_each_effect_has_a_key_of_its_own(action: RecommendedAction, keys: list[str]) -> None:
    assert [effect.key for effect in planned_effects(KEYS, action)] == keys


@pytest.mark.parametrize(
    ("action", "statuses", "outcome"),
    [
        ("clear", [], "cleared"),
        ("lock_account", ["done"], "account_locked"),
        ("refund_charges", ["done"], "charges_refunded"),
        ("lock_and_refund", ["done", "done"], "locked_and_refunded"),
        ("lock_account", ["failed"], "failed"),
        ("lock_account", ["unknown"], "failed"),
        ("lock_account", ["pending"], "failed"),
        ("lock_account", [], "failed"),
        ("lock_and_refund", ["done", "failed"], "failed"),
        ("lock_and_refund", ["done"], "failed"),
    ],
)
def test_case_ends_as_promised_only_with_every_effect_done(
    action: RecommendedAction, statuses: list[EffectStatus], outcome: CaseOutcome
) -> None:
    planned = planned_effects(KEYS, action)
    effects: list[Effect] = [
        effect.model_copy(update={"status": status}) for effect, status in zip(planned, statuses, strict=False)
    ]

    assert outcome_of(action, effects) == outcome


@pytest.mark.parametrize(
    ("action", "outcome"),
    [
        ("clear", "account_locked"),
        ("lock_account", "account_locked"),
        ("refund_charges", "locked_and_refunded"),
        ("lock_and_refund", "locked_and_refunded"),
    ],
)
def test_effects_of_an_earlier_round_count_for_the_outcome(action: RecommendedAction, outcome: CaseOutcome) -> None:
    effects = [effect.model_copy(update={"status": "done"}) for effect in planned_effects(KEYS, action)]

    assert outcome_of(action, effects, {"lock_account"}) == outcome


@pytest.mark.parametrize(
    ("error_type", "message", "error", "sentence"),
    [
        ("StepFailed", "model-unavailable case-1", "model-unavailable", "The language model could not be asked."),
        ("worker.domain.failures.StepFailed", "tools-unavailable case-1", "tools-unavailable", "The tools could not"),
        ("builtins.ValueError", "password=hunter2", "value-error", "It failed unexpectedly (value-error)."),
        ("DeliveriesExhausted", "Three workers died.", "deliveries-exhausted", "Every worker that was given this work"),
        ("StepFailed", "password=hunter2", "unknown-error", "It failed unexpectedly (unknown-error)."),
        ("", "", "unknown-error", "It failed unexpectedly (unknown-error)."),
    ],
)
def test_only_sentences_that_we_wrote_are_repeated(error_type: str, message: str, error: str, sentence: str) -> None:
    assert error_of(error_type, message) == error
    assert sentence_for(error).startswith(sentence)
