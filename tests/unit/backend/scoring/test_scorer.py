"""The scorer of a partition: late labels change the scores to come, and a restart changes nothing."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.detection.features import usual_amounts
from backend.detection.state.customer import CustomerState
from backend.detection.state.pace import DAY_S, ChargePace
from backend.detection.state.packing import Packed, StateInvalid
from backend.scoring.late_labels import ChargeKey
from backend.scoring.scorecard import Scorecard
from backend.scoring.scorer import Risk, RiskScorer, charge_of
from contracts.telemetry import TransactionAttributes, TransactionEvent
from tests.unit.backend.scoring.vectors import START, key

HOUR_S = 3_600.0


class Customer:
    """One customer, whose charges are scored."""

    def __init__(self) -> None:
        self._state = CustomerState()
        self._pace = ChargePace()

    def pays(self, scorer: RiskScorer, event_id: str, at: float, amount: int, terminal: str | None) -> Risk:
        attributes = TransactionAttributes(amount=Decimal(amount) / 100, currency="EUR", terminal_id=terminal)
        event = TransactionEvent(
            event_id=event_id, customer_id=1, occurred_at=datetime.fromtimestamp(at, tz=UTC), attributes=attributes
        )
        facts = self._state.charge(event, at)
        return scorer.score(charge_of(event, at), facts, self._pace.charge(at, usual_amounts(facts)))


class Desk:
    """Customers who pay at terminals, of which one is compromised; each fraud is confirmed a week later."""

    def __init__(self, scorer: RiskScorer, seed: int = 5) -> None:
        self.scorer = scorer
        self._random = Random(seed)
        self._customers = [Customer() for _ in range(20)]
        self._frauds: list[tuple[float, ChargeKey]] = []
        self.scores: list[tuple[str, float]] = []

    def play(self, first: int, until: int) -> None:
        """Charges of one hour each; the terminal "bad" is compromised from the third week on."""
        for number in range(first, until):
            at = START + number * HOUR_S
            while self._frauds and self._frauds[0][0] < at - 7 * DAY_S:
                self.scorer.decide(self._frauds.pop(0)[1], is_fraud=True)
            self.scorer.settle(at)
            terminal = self._random.choice(("good", "fine", "bad"))
            risk = self._random.choice(self._customers).pays(
                self.scorer, f"charge-{number}", at, self._random.randrange(2_000, 8_000), terminal
            )
            self.scores.append((terminal, risk.score))
            if terminal == "bad" and number > 14 * 24:
                self._frauds.append((at, key(f"charge-{number}")))


def test_scores_rise_where_frauds_were_confirmed() -> None:
    desk = Desk(RiskScorer())
    desk.play(0, 45 * 24)

    newest = desk.scores[-200:]
    bad = [score for terminal, score in newest if terminal == "bad"]
    good = [score for terminal, score in newest if terminal != "bad"]

    assert min(bad) > max(good)
    assert sum(bad) / len(bad) > 0.6


def test_label_does_not_change_scores_before_it_is_known() -> None:
    desk = Desk(RiskScorer())
    desk.play(0, 14 * 24 + 7 * 24)
    bad = [score for terminal, score in desk.scores if terminal == "bad"]
    assert max(bad) < 0.05


def test_explanation_names_the_terminal() -> None:
    desk = Desk(RiskScorer())
    desk.play(0, 45 * 24)
    risk = Customer().pays(desk.scorer, "asked", START + 45 * DAY_S, 5_000, "bad")
    strongest = desk.scorer.explain(risk)[0]
    assert strongest.feature in {"streak", "streak_age", "fraud_share"}
    assert strongest.log_odds > 1


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 500))
def test_restart_gives_the_same_scores(restart: int) -> None:
    straight, stopped = Desk(RiskScorer()), Desk(RiskScorer())
    straight.play(0, 500)

    stopped.play(0, restart)
    stopped.scorer = RiskScorer.unpacked(json.loads(json.dumps(stopped.scorer.packed(), allow_nan=False)))
    stopped.play(restart, 500)

    assert stopped.scores == straight.scores
    assert stopped.scorer.packed() == straight.scorer.packed()


def test_reviewed_charge_is_learned_with_its_verdict() -> None:
    scorer = RiskScorer()
    Customer().pays(scorer, "a", START, 5_000, None)
    scorer.review(key("a"))

    assert scorer.settle(START + 14 * DAY_S) == 0
    assert scorer.decide(key("a"), is_fraud=True)
    assert not scorer.decide(key("a"), is_fraud=True)
    assert (scorer.card.frauds, scorer.waiting) == (1, 0)


def test_other_model_begins_a_new_shadow_period() -> None:
    desk = Desk(RiskScorer())
    desk.play(0, 45 * 24)
    assert "of the 30 alerts" in desk.scorer.verdict().sentence

    desk.scorer.use(Scorecard())

    assert desk.scorer.verdict().sentence.startswith("Not ready: 0 of 50 confirmed frauds")
    assert desk.scorer.drift() is None


@pytest.mark.parametrize("packed", [[], [99, "", [], [], [], []]])
def test_unknown_state_is_refused(packed: Packed) -> None:
    with pytest.raises(StateInvalid):
        RiskScorer.unpacked(packed)
