"""The scorecard learns from labels alone, explains itself, and is the same after it was saved."""

import json
from math import log
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.detection.features import FEATURE_SET, FEATURES
from backend.scoring.scorecard import (
    LATEST,
    SUSPICIOUS,
    Contribution,
    ModelRefused,
    Scorecard,
    explanation,
    learning_weight,
)
from tests.unit.backend.scoring.vectors import START, random_vector, vector


def learned(charges: int = 600) -> Scorecard:
    """Of a terminal with confirmed frauds all charges are fraud, of others one in fifty."""
    card = Scorecard()
    for number in range(charges):
        card.learn(vector(), is_fraud=number % 50 == 0, at=START + number)
        if number % 20 == 0:
            card.learn(vector(streak=3), is_fraud=True, at=START + number)
    return card


def test_new_card_finds_everything_equally_unlikely() -> None:
    card = Scorecard()
    assert card.predict(vector()) == card.predict(vector(streak=4)) == pytest.approx(0.018, abs=0.001)


def test_frauds_at_a_terminal_raise_its_charges() -> None:
    card = learned()
    assert card.predict(vector(streak=3)) > 0.7
    assert card.predict(vector()) < 0.1


def test_scores_are_about_as_frequent_as_frauds() -> None:
    card = Scorecard()
    random = Random(7)
    for number in range(20_000):
        card.learn(vector(), is_fraud=random.random() < 0.05, at=START + number)
    assert card.predict(vector()) == pytest.approx(0.05, rel=0.4)


def test_strongest_feature_is_named_first() -> None:
    first, *others = learned().contributions(vector(streak=3))

    assert first.feature == "streak"
    assert first.says == "confirmed frauds at the terminal or merchant: 2 in a row"
    assert first.log_odds > 2
    assert all(abs(each.log_odds) < 0.01 for each in others), "these levels are those of every charge"


def test_sentence_names_what_moved_the_score() -> None:
    moved = [
        Contribution("streak", "confirmed frauds at the terminal or merchant: 2 in a row", log(40)),
        Contribution("ratio", "the amount against the customer's usual one: below 0.25 times", -log(2)),
        Contribution("in_hour", "charges of the customer within an hour: below 2 charges", 0.01),
    ]
    assert explanation(0.934, moved) == (
        "Risk score 93.4%; most of it by confirmed frauds at the terminal or merchant: 2 in a row (odds times 40); "
        "the amount against the customer's usual one: below 0.25 times (odds divided by 2)."
    )
    assert explanation(0.02, moved[2:]) == "Risk score 2.0%; no feature of the charge moved it."


def test_level_that_was_never_learned_moves_nothing() -> None:
    moved = {each.feature: each.log_odds for each in learned().contributions(vector(ratio=9))}
    assert moved["ratio"] == 0.0


def test_new_card_explains_nothing() -> None:
    found = Scorecard().contributions(vector())
    assert {each.feature for each in found} == {each.name for each in FEATURES}
    assert all(each.log_odds == 0.0 for each in found)


def test_amounts_of_different_currencies_are_learned_apart() -> None:
    card = Scorecard()
    for number in range(200):
        card.learn(vector(currency="JPY"), is_fraud=True, at=START + number)
        card.learn(vector(currency="EUR"), is_fraud=False, at=START + number)
    assert card.predict(vector(currency="JPY")) > card.predict(vector(currency="EUR")) + 0.1


def test_unknown_currencies_do_not_grow_the_model() -> None:
    card = Scorecard()
    for number in range(26):
        card.learn(vector(currency=f"Q{chr(65 + number)}Q"), is_fraud=False, at=START)
    assert len(json.loads(card.to_json())["learner"]["weights"]) == len(FEATURES)


@given(st.integers(0, 1_000), st.integers(0, 60))
def test_saved_card_goes_on_as_the_original(seed: int, charges: int) -> None:
    random = Random(seed)
    card = Scorecard()
    for number in range(charges):
        card.learn(random_vector(random), random.random() < 0.3, START + number, random.choice((1.0, 4.0)))

    again = Scorecard.from_json(card.to_json())

    asked = random_vector(random)
    assert again.predict(asked) == card.predict(asked)
    assert again.contributions(asked) == card.contributions(asked)
    for each in (card, again):
        each.learn(asked, True, START)
    assert again.to_json() == card.to_json()
    assert (again.frauds, again.others, again.learned_until) == (card.frauds, card.others, card.learned_until)


@settings(max_examples=20)
@given(st.integers(0, 1_000))
def test_scores_are_probabilities(seed: int) -> None:
    random = Random(seed)
    card = Scorecard()
    for _ in range(200):
        card.learn(random_vector(random), True, START, 4.0)
    assert 0 < card.predict(random_vector(random)) < 1


def test_other_format_version_is_refused() -> None:
    document = json.loads(learned(20).to_json())
    document |= {"format_version": 2, "trees": []}
    with pytest.raises(ModelRefused) as refused:
        Scorecard.from_json(json.dumps(document))
    assert str(refused.value) == "The model file has format version 2; this release reads version 1."


def test_other_feature_set_is_refused() -> None:
    document = json.loads(learned(20).to_json()) | {"feature_set": FEATURE_SET + 1}
    with pytest.raises(ModelRefused, match=r"learned on feature set 2; this release has set 1\."):
        Scorecard.from_json(json.dumps(document))


@pytest.mark.parametrize("text", ["", "{}", "[1]", "\x80", '{"format_version": 1, "feature_set": 1}'])
def test_damaged_model_is_refused(text: str) -> None:
    with pytest.raises(ModelRefused, match="The model file cannot be read: "):
        Scorecard.from_json(text)


def test_model_with_infinite_weight_is_refused() -> None:
    text = learned(20).to_json().replace('"intercept":', '"intercept": Infinity, "was":')
    with pytest.raises(ModelRefused):
        Scorecard.from_json(text)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("learned_until", 1e300),
        ("learned_until", -1.0),
        ("format", "somebody else's model"),
        ("frauds", 2**70),
        ("others", 1e300),
        ("learner.steps", 2**70),
        ("learner.squares.streak=1", -1.0),
        ("learner.squares.streak=1", 0.0),
        ("learner.shares.streak=1", -0.5),
        ("learner.weights.streak=1", 1e300),
        ("learner.intercept", -1e300),
    ],
)
def test_model_with_numbers_that_cannot_be_is_refused(place: str, value: object) -> None:
    document = json.loads(learned(20).to_json())
    *folders, name = place.split(".")
    inside = document
    for folder in folders:
        inside = inside[folder]
    assert name in inside
    inside[name] = value
    with pytest.raises(ModelRefused, match=f"^The model file cannot be read: {place}: .*\\.$"):
        Scorecard.from_json(json.dumps(document))


def test_model_at_its_bounds_scores_and_learns() -> None:
    document = json.loads(learned(20).to_json())
    document |= {"learned_until": LATEST, "frauds": 2**53}
    document["learner"]["weights"] = dict.fromkeys(document["learner"]["weights"], 1_000.0)
    card = Scorecard.from_json(json.dumps(document))
    assert 0 < card.predict(vector()) <= 1
    card.learn(vector(), False, START)
    assert card.contributions(vector())


def test_frauds_and_suspicious_charges_are_always_learned() -> None:
    assert learning_weight("a", 0.0001, is_fraud=True) == 1.0
    assert learning_weight("a", SUSPICIOUS * 2, is_fraud=False) == 1.0


def test_a_quarter_of_the_others_is_learned_fourfold() -> None:
    weights = [learning_weight(f"event-{number}", 0.001, is_fraud=False) for number in range(4_000)]
    assert set(weights) == {0.0, 4.0}
    assert sum(weights) == pytest.approx(4_000, rel=0.1)
