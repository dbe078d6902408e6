"""Charges at terminals, one of which is compromised; what people decided about them, and models that score them."""

from datetime import timedelta
from decimal import Decimal
from random import Random

from backend.detection.parameters import DEFAULT_RULES, LearnedScore, RuleBook, RuleVersion
from backend.scoring.partition import Model
from backend.scoring.scorecard import Scorecard
from contracts.risk_score import LabelledCharge, LabelVerdict, ModelOrigin, ScoreLabel
from contracts.telemetry import TransactionAttributes, TransactionEvent
from tests.unit.backend.detection.events import at
from tests.unit.backend.scoring.vectors import vector

DAY_MINUTES = 24 * 60
COMPROMISED = "t3"
LIVE = RuleVersion(rule_id="learned_score", parameters=LearnedScore(least_score=0.3, window_hours=6, quiet_hours=6))
RULES = RuleBook(rules=(*(each for each in DEFAULT_RULES.rules if each.rule_id != "learned_score"), LIVE))


def charges(random: Random, days: int = 30, each_day: int = 8, customers: int = 5) -> list[TransactionEvent]:
    """In order, all at different minutes; those at the compromised terminal are frauds from the tenth day on."""
    minutes = sorted(random.sample(range(days * DAY_MINUTES), days * each_day))
    return [
        TransactionEvent(
            event_id=f"charge-{number}",
            customer_id=random.randrange(1, customers + 1),
            occurred_at=at(minute),
            attributes=TransactionAttributes(
                amount=Decimal(random.choice(("20", "25", "30", "30", "900"))),
                currency="USD",
                terminal_id=f"t{random.randrange(4)}",
            ),
        )
        for number, minute in enumerate(minutes)
    ]


def is_fraud(event: TransactionEvent) -> bool:
    """Whether it turns out to be."""
    return event.attributes.terminal_id == COMPROMISED and event.occurred_at >= at(10 * DAY_MINUTES)


def label(seq: int, event: TransactionEvent, verdict: LabelVerdict, after: timedelta) -> ScoreLabel:
    """What people said about a charge, so long after it."""
    charge = LabelledCharge(
        customer_id=event.customer_id,
        event_id=event.event_id,
        at=event.occurred_at,
        acceptor=event.attributes.terminal_id,
    )
    return ScoreLabel(seq=seq, at=event.occurred_at + after, verdict=verdict, charges=(charge,))


def labels(random: Random, events: list[TransactionEvent]) -> tuple[ScoreLabel, ...]:
    """In the order in which they were said: of each fraud a review and a verdict, of some others too; a few change."""
    said: list[tuple[TransactionEvent, LabelVerdict, timedelta]] = []
    for event in events:
        if not is_fraud(event) and random.random() < 0.9:
            continue
        verdict: LabelVerdict = "fraud" if is_fraud(event) else "no_fraud"
        said.append((event, "review", timedelta(minutes=5)))
        said.append((event, verdict, timedelta(hours=random.randrange(1, 300))))
        if random.random() < 0.2:
            said.append((event, "fraud", timedelta(hours=400)))
    said.sort(key=lambda each: each[0].occurred_at + each[2])
    return tuple(label(10 * number, *each) for number, each in enumerate(said, 1))


def trained(*frauds: bytes) -> Scorecard:
    """A card that takes charges of these levels for fraud."""
    card = Scorecard()
    for number in range(60):
        for each in frauds:
            card.learn(each, True, number)
        for _ in range(4):
            card.learn(vector(), False, number)
    return card


def model(number: int, day: int, card: Scorecard | None = None, *, line: int = 1, may_alert: bool = False) -> Model:
    """A version that takes effect on a day."""
    origin = ModelOrigin(
        number=number,
        line=line,
        may_alert=may_alert,
        made_at=at(day * DAY_MINUTES) - timedelta(minutes=10),
        effective_at=at(day * DAY_MINUTES),
        frauds=20,
        others=100,
        learned_until=None,
        made_by=None,
        rolled_back_to=None,
        reason="A test.",
    )
    return Model(origin, card)


def models() -> tuple[Model, ...]:
    """A line that alerts from its second version on; then another line, in shadow; then one of another release."""
    streaks = [vector(streak=level) for level in range(2, 6)]
    return (
        model(1, 5, trained(vector(streak=5))),
        model(2, 12, trained(*streaks), may_alert=True),
        model(3, 22, trained(*streaks), line=3),
        model(4, 27, line=4),
    )
