"""The learned risk score on the transactions of the Fraud-Detection-Handbook, by the handbook's own protocol.

    python -m tests.bench._handbook [--data ../shared/data/benchmarks]

All `handbook*.parquet` of the folder are read as one stream. Fold k trains on seven days from 2018-07-25 + 7 (k - 1),
waits seven days and tests on the next seven; customers whose fraud is known by then leave the test. Features, model and
labels are those of `backend.scoring`: a label is known seven days after its transaction, and nothing before that.
"""

# River leaves types open.
# pyright: reportUnknownMemberType=false

import argparse
import gc
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path
from sys import getsizeof
from typing import TypedDict, cast

from river import compose, linear_model, preprocessing

from backend.detection.features import usual_amounts
from backend.detection.parameters import SpendingSpike
from backend.detection.state.customer import ChargeFacts, CustomerState
from backend.detection.state.pace import ChargePace, Pace
from backend.scoring.late_labels import ChargeKey
from backend.scoring.scorecard import Scorecard, learning_weight
from backend.scoring.scorer import RiskScorer, charge_of
from contracts.money import in_major_units, minor_digits
from contracts.telemetry import TransactionAttributes, TransactionEvent
from tests.bench._handbook_data import DAY_S, DELAY_DAYS, Fold, Transactions, folds_of, read_transactions
from tests.bench._handbook_metrics import card_precision, ranking
from tests.support.stack import ROOT

DATA = ROOT.parent / "shared" / "data" / "benchmarks"
TARGETS = {"ap": 0.688, "cp100": 0.302}
PUBLISHED: dict[str, "Figures"] = {
    "logistic regression": {"auc": 0.868, "ap": 0.623, "cp100": 0.297},
    "random forest": {"auc": 0.870, "ap": 0.678, "cp100": 0.299},
    "XGBoost, tuned": {"auc": 0.869, "ap": 0.687, "cp100": 0.303},
}
"""Of the handbook, mean of four folds."""
CURRENCY = "USD"
SPENDING = SpendingSpike()
LABEL_FREE = "label-free: the spending rule's strength"
PERFECT = "a perfect ranking"
CHUNK = 2_000
"""Transactions that are made at a time: reading them is measured elsewhere."""


class Figures(TypedDict):
    """How well a score ranks the tests."""

    auc: float
    ap: float
    cp100: float


class Summary(TypedDict):
    """The figures of one score."""

    folds: list[Figures]
    mean: Figures
    meets_targets: bool


class Result(TypedDict):
    """What `run` returns."""

    events: int
    customers: int
    state_us_per_event: float
    score_us_per_event: float
    events_per_s: int
    """Of the score; its line beside that of the rules."""
    events_per_s_with_state: int
    score_bytes_per_customer: int
    """Beside the state that the rules have."""
    folds: list[int]
    targets: dict[str, float]
    scores: dict[str, Summary]
    published: dict[str, Figures]


@dataclass
class Customer:
    """What is known of one customer."""

    state: CustomerState = field(default_factory=CustomerState)
    pace: ChargePace = field(default_factory=ChargePace)


@dataclass
class Stream:
    """What one pass over all transactions gave, from position `start` on."""

    start: int
    vectors: list[bytes] = field(default_factory=list[bytes])
    scores: list[float] = field(default_factory=list[float])
    strengths: list[float] = field(default_factory=list[float])
    state_s: float = 0.0
    """Of a processor, for the customers' state, which the rules need as well."""
    score_s: float = 0.0
    """Of a processor, for all else: features, score, labels, learning."""
    bytes_per_customer: int = 0
    """Of what only the score needs."""


def run(data: Path = DATA) -> dict[str, object]:
    """All figures. Raises FileNotFoundError without such files, ValueError where they do not cover one fold."""
    read = read_transactions(data)
    folds = folds_of(read)
    if not folds:
        raise ValueError(f"The handbook's transactions in {data} do not cover the 21 days of one fold.")
    stream = scored_stream(read, folds[0].train.start)
    z_scores = customer_z_scores(read)
    scores: dict[str, list[list[float]]] = {
        "trained on seven days": [trained_on_fold(read, stream, fold) for fold in folds],
        "learning all along": [[stream.scores[each - stream.start] for each in fold.test] for fold in folds],
        PERFECT: [[float(read.frauds[each]) for each in fold.test] for fold in folds],
        LABEL_FREE: [[stream.strengths[each - stream.start] for each in fold.test] for fold in folds],
        "reference: z-score per customer": [[z_scores[each] for each in fold.test] for fold in folds],
        "reference: river LR, amount and time": [river_on_raw_values(read, fold) for fold in folds],
    }
    result: Result = {
        "events": len(read),
        "customers": len(set(read.customers)),
        "state_us_per_event": round(stream.state_s / len(read) * 1e6, 1),
        "score_us_per_event": round(stream.score_s / len(read) * 1e6, 1),
        "events_per_s": round(len(read) / stream.score_s),
        "events_per_s_with_state": round(len(read) / (stream.state_s + stream.score_s)),
        "folds": [fold.number for fold in folds],
        "score_bytes_per_customer": stream.bytes_per_customer,
        "targets": TARGETS,
        "scores": {name: _summary(read, folds, by_fold) for name, by_fold in scores.items()},
        "published": PUBLISHED,
    }
    return dict(result)


def scored_stream(read: Transactions, start: int) -> Stream:
    """One pass of the product's state and scorer, which learns each label seven days after its transaction."""
    stream = Stream(start)
    scorer = RiskScorer()
    customers: dict[int, Customer] = {}
    unknown_frauds: deque[tuple[int, ChargeKey]] = deque()
    gc.collect()
    gc.freeze()  # the columns of a million rows are not the product's
    for first in range(0, len(read), CHUNK):
        chunk = range(first, min(first + CHUNK, len(read)))
        events = [event_of(read, place) for place in chunk]
        began = time.process_time()
        known = [_remember(customers, event, read.at[place]) for place, event in zip(chunk, events, strict=True)]
        between = time.process_time()
        for place, event, (facts, pace) in zip(chunk, events, known, strict=True):
            at = read.at[place]
            while unknown_frauds and unknown_frauds[0][0] < at - DELAY_DAYS * DAY_S:
                scorer.decide(unknown_frauds.popleft()[1], is_fraud=True)
            scorer.settle(at)
            charge = charge_of(event, at)
            risk = scorer.score(charge, facts, pace)
            if read.frauds[place]:
                unknown_frauds.append((at, charge.key))
            if place >= start:
                stream.vectors.append(risk.vector)
                stream.scores.append(risk.score)
                stream.strengths.append(_strength(facts))
        stream.state_s += between - began
        stream.score_s += time.process_time() - between
    gc.unfreeze()
    stream.bytes_per_customer = max(_size_of(customer.pace) for customer in customers.values())
    return stream


def event_of(read: Transactions, place: int) -> TransactionEvent:
    """The transaction as the reader of telemetry makes it, without being validated anew."""
    return TransactionEvent.model_construct(
        event_id=read.ids[place],
        customer_id=read.customers[place],
        attributes=TransactionAttributes.model_construct(
            amount=in_major_units(read.amounts[place], CURRENCY), currency=CURRENCY, terminal_id=read.terminals[place]
        ),
    )


def _remember(customers: dict[int, Customer], event: TransactionEvent, at: int) -> tuple[ChargeFacts, Pace]:
    customer = customers.get(event.customer_id)
    if customer is None:
        customer = customers[event.customer_id] = Customer()
    facts = customer.state.charge(event, at)
    return facts, customer.pace.charge(at, usual_amounts(facts))


def _size_of(pace: ChargePace) -> int:
    return getsizeof(pace) + sum(getsizeof(getattr(pace, name)) for name in ChargePace.__slots__)


def _strength(facts: ChargeFacts) -> float:
    """How many times a charge passes what the spending rule asks for: what its severity follows."""
    amount, history, mean, deviation = facts.spending
    if history.size < SPENDING.min_history:
        return 0.0
    least = SPENDING.least_amount * 10 ** minor_digits(facts.currency)
    return amount / max(mean + deviation * SPENDING.deviations, mean * SPENDING.times_mean, least)


def trained_on_fold(read: Transactions, stream: Stream, fold: Fold) -> list[float]:
    """Scores of a model that has learned the labels of the fold's seven days and nothing else."""
    card = Scorecard()
    for place in fold.train:
        vector, is_fraud = stream.vectors[place - stream.start], read.frauds[place]
        weight = learning_weight(read.ids[place], card.predict(vector), is_fraud)
        if weight:
            card.learn(vector, is_fraud, read.at[place], weight)
    return [card.predict(stream.vectors[place - stream.start]) for place in fold.test]


def customer_z_scores(read: Transactions) -> list[float]:
    """Reference: deviations above the mean of all of the customer's transactions before."""
    sums: dict[int, tuple[int, float, float]] = {}
    scores: list[float] = []
    for customer_id, amount in zip(read.customers, read.amounts, strict=True):
        count, total, squares = sums.get(customer_id, (0, 0.0, 0.0))
        mean = total / count if count else 0.0
        deviation = sqrt(max(0.0, squares / count - mean * mean)) if count else 0.0
        scores.append((amount - mean) / deviation if count > 2 and deviation else 0.0)
        sums[customer_id] = (count + 1, total + amount, squares + amount * amount)
    return scores


def river_on_raw_values(read: Transactions, fold: Fold) -> list[float]:
    """Reference: river's logistic regression on the amount and the time, trained on the fold's seven days."""
    model = compose.Pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression())
    for place in fold.train:
        model.learn_one(_raw_values(read, place), read.frauds[place])
    return [model.predict_proba_one(_raw_values(read, place)).get(True, 0.0) for place in fold.test]


def _raw_values(read: Transactions, place: int) -> dict[str, float]:
    at = read.at[place]
    return {"amount": read.amounts[place] / 100, "second": at % DAY_S, "weekday": (at // DAY_S + 3) % 7}


def _summary(read: Transactions, folds: list[Fold], by_fold: list[list[float]]) -> Summary:
    figures = [figures_of(read, fold, scores) for fold, scores in zip(folds, by_fold, strict=True)]
    mean = Figures(
        auc=_mean([each["auc"] for each in figures]),
        ap=_mean([each["ap"] for each in figures]),
        cp100=_mean([each["cp100"] for each in figures]),
    )
    meets = mean["ap"] >= TARGETS["ap"] and mean["cp100"] >= TARGETS["cp100"]
    return Summary(folds=figures, mean=mean, meets_targets=meets)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def figures_of(read: Transactions, fold: Fold, scores: list[float]) -> Figures:
    """AUC and AP over the test's transactions, CP@100 as the mean of its days."""
    labels = [read.frauds[place] for place in fold.test]
    auc, ap = ranking(scores, labels)
    days = [read.at[place] // DAY_S for place in fold.test]
    customers = [read.customers[place] for place in fold.test]
    cp100 = card_precision(zip(days, customers, scores, labels, strict=True))
    return Figures(auc=auc, ap=ap, cp100=cp100)


def lines(result: dict[str, object]) -> list[str]:
    """What `run` returned for people, against the targets and what is published."""
    read = cast("Result", result)
    said = [
        f"Handbook: {read['events']:,} transactions of {read['customers']:,} customers, folds {read['folds']}",
        f"  {'':42} {'AUC':>6} {'AP':>6} {'CP@100':>7}   AP and CP@100 of each fold",
    ]
    for name, each in read["scores"].items():
        by_fold = "  ".join(f"{row['ap']:.3f} {row['cp100']:.3f}" for row in each["folds"])
        mark = " (meets the targets)" if each["meets_targets"] and name != PERFECT else ""
        said.append(f"  {name:42} {_in_three(each['mean'])}   {by_fold}{mark}")
    said += [f"  {'published: ' + name:42} {_in_three(row)}" for name, row in read["published"].items()]
    said += [
        f"  targets: AP >= {TARGETS['ap']:.3f}, CP@100 >= {TARGETS['cp100']:.3f}",
        f"  one core: features, score, labels and learning {read['score_us_per_event']} us an event, "
        f"{read['events_per_s']:,} events/s",
        f"  and the customers' state of the rules {read['state_us_per_event']} us, together "
        f"{read['events_per_s_with_state']:,} events/s",
        f"  {read['score_bytes_per_customer']} bytes a customer for the score, beside that state",
    ]
    return said


def _in_three(row: Figures) -> str:
    return f"{row['auc']:6.3f} {row['ap']:6.3f} {row['cp100']:7.3f}"


def say(result: dict[str, object]) -> None:
    """Prints what `run` returned."""
    sys.stdout.writelines(f"{line}\n" for line in lines(result))


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    say(run(parser.parse_args().data))


if __name__ == "__main__":
    main()
