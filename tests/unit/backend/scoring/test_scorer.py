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
from backend.scoring.scorer import Charge, Risk, RiskScorer, charge_of
from contracts.telemetry import TransactionAttributes, TransactionEvent
from tests.unit.backend.scoring.vectors import START, key, vector

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


@settings(max_examples=10)
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

    desk.scorer.use(Scorecard(), line=1)

    assert desk.scorer.verdict().sentence.startswith("Not ready: 0 of 50 confirmed frauds")
    assert desk.scorer.drift() is None


class Labelled:
    """Charges with a score that is given, and verdicts about them."""

    def __init__(self) -> None:
        self.scorer = RiskScorer()

    def charges(self, name: str, count: int, score: float, alerted: bool, frauds: int) -> None:
        """Scored by the line in use, and decided: the first of them are frauds."""
        for number in range(count):
            charge = Charge(key(f"{name}{number}"), START, None)
            self.scorer.keep(charge, Risk(score, vector()), alerted)
        self.verdicts(name, count, frauds)

    def verdicts(self, name: str, count: int, frauds: int) -> None:
        for number in range(count):
            self.scorer.decide(key(f"{name}{number}"), number < frauds)


def test_verdicts_change_only_what_their_line_counted() -> None:
    """A manager goes back, then cases from before are reopened and decided otherwise."""
    told, untold = Labelled(), Labelled()
    for each in (told, untold):
        each.charges("before", 60, 0.9, alerted=False, frauds=0)
        each.scorer.use(Scorecard(), line=2)
        each.charges("after", 30, 0.9, alerted=True, frauds=6)
    told.verdicts("before", 60, frauds=60)
    assert told.scorer.verdict() == untold.scorer.verdict()
    assert "Not ready: 6 of 50 confirmed frauds" in told.scorer.verdict().sentence


def test_charges_of_another_line_do_not_count() -> None:
    """Scored by the model that a manager took back, and labelled afterwards: they say nothing about the other one."""
    desk = Labelled()
    for number in range(80):
        desk.scorer.keep(Charge(key(f"before{number}"), START, None), Risk(0.9, vector()), alerted=False)
    desk.scorer.use(Scorecard(), line=2)
    desk.verdicts("before", 80, frauds=80)
    assert desk.scorer.verdict().sentence.startswith("Not ready: 0 of 50 confirmed frauds")
    desk.charges("after", 1, 0.9, alerted=False, frauds=1)
    desk.verdicts("after", 1, frauds=0)
    desk.verdicts("after", 1, frauds=1)
    assert desk.scorer.verdict().sentence.startswith("Not ready: 1 of 50 confirmed frauds")


moves = st.lists(
    st.tuples(st.sampled_from(["score", "decide", "use", "settle"]), st.integers(0, 9), st.booleans()), max_size=80
)


@given(moves)
def test_shares_of_the_comparison_are_never_above_one(values: list[tuple[str, int, bool]]) -> None:
    scorer = RiskScorer()
    for at, (move, which, flag) in enumerate(values):
        if move == "score":
            scorer.keep(Charge(key(str(which)), START + at * DAY_S, None), Risk(which / 10, vector()), alerted=flag)
        elif move == "decide":
            scorer.decide(key(str(which)), flag)
        elif move == "settle":
            scorer.settle(START + at * DAY_S)
        else:
            scorer.use(Scorecard(), line=at + 1)
        verdict = scorer.verdict()
        for part in (verdict.rules, verdict.score):
            assert 0 <= part.low <= part.high <= 1
            assert 0 <= part.hits <= part.of


@pytest.mark.parametrize("packed", [[], [99, 0, "", [], [], [], [], []]])
def test_unknown_state_is_refused(packed: Packed) -> None:
    with pytest.raises(StateInvalid):
        RiskScorer.unpacked(packed)
