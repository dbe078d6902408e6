"""`scripts/bench detection`: events a second through all live rules on one core, and what a customer takes in memory.

Made-up customers with habits of their own, an event of each every two hours: a third of the events are logins, a
twentieth of which fail. Half of the customers pay by card, a third have a line, a sixth call an API; with
`--every-kind` each does all of that. Only what is done with events is timed, not how they are made. Memory is what the
process has more than before, per customer, without the ring of recent events, which has a bound of its own. The
reference, in the same run: a loop that only reads the same fields and counts them in a dictionary.

The learned risk score has a line of its own: the same events, each charge scored as well, kept until it is known what
it was, and taught, as ingestion does it for a partition; what changed is taken, to be saved, every 10,000 events.
"""

import argparse
import gc
import json
import random
import resource
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from backend.detection import Detector
from backend.detection.features import FEATURES
from backend.detection.recent import MAX_BYTES, RecentEvents
from backend.ingest.pipeline import SAVE_EVERY
from backend.scoring.partition import Model, PartitionScorer
from backend.scoring.scorecard import Scorecard
from contracts.risk_score import ModelOrigin
from contracts.telemetry import (
    ApiCallAttributes,
    ApiCallEvent,
    AuthFailureAttributes,
    AuthFailureEvent,
    DataUsageAttributes,
    DataUsageEvent,
    LoginAttributes,
    LoginEvent,
    TelemetryEvent,
    TransactionAttributes,
    TransactionEvent,
    telemetry_event,
)

START = datetime(2026, 3, 2, tzinfo=UTC)
EVENTS, CHUNK = 400_000, 20_000
"""Events that are timed, so many made at a time: as in reality, they do not stay."""
WARM_UP, LEAST_WARM_UP, MANY = 20, 8, 100_000
"""Events of each customer before memory is measured; of more customers than that fewer, so that it ends."""
CITIES = [("PT", "Lisbon", 38.72, -9.14), ("ES", "Madrid", 40.42, -3.70), ("DE", "Berlin", 52.52, 13.40)]


def event_of(customer: int, number: int, at: datetime, chance: random.Random, every_kind: bool) -> TelemetryEvent:
    """The customer's event of that number: at any time, a third of the customers log in."""
    if (number + customer // 6) % 3 == 0:
        return _login(customer, number, at, chance)
    habit = number if every_kind else customer
    name, who = f"e{customer}-{number}", customer
    if habit % 6 < 3:
        charge = TransactionAttributes(
            amount=Decimal(round(chance.lognormvariate(8, 0.5))).scaleb(-2),
            currency="EUR",
            terminal_id=f"t{customer % 97}-{chance.randrange(12)}",
        )
        return TransactionEvent(event_id=name, customer_id=who, occurred_at=at, attributes=charge)
    if habit % 6 < 5:
        reading = DataUsageAttributes(gb=chance.random())
        return DataUsageEvent(event_id=name, customer_id=who, occurred_at=at, attributes=reading)
    call = ApiCallAttributes(endpoint="orders/List")
    return ApiCallEvent(event_id=name, customer_id=who, occurred_at=at, attributes=call)


def _login(customer: int, number: int, at: datetime, chance: random.Random) -> TelemetryEvent:
    country, city, latitude, longitude = CITIES[customer % 3]
    name, address = f"e{customer}-{number}", f"84.{customer // 62_500}.{customer // 250 % 250}.{customer % 250}"
    if chance.random() < 0.05:
        failure = AuthFailureAttributes(ip=address)
        return AuthFailureEvent(event_id=name, customer_id=customer, occurred_at=at, attributes=failure)
    login = LoginAttributes(
        ip=address,
        country=country,
        city=city,
        latitude=latitude,
        longitude=longitude,
        device_id=f"device-{customer}-{chance.randrange(2)}",
    )
    return LoginEvent(event_id=name, customer_id=customer, occurred_at=at, attributes=login)


def stream(
    customers: int, first: int, count: int, chance: random.Random, every_kind: bool = False
) -> Iterator[TelemetryEvent]:
    """Events of customers in turn, an event of each every two hours or so."""
    for index in range(first, first + count):
        number, customer = divmod(index, customers)
        at = START + timedelta(hours=2 * number, seconds=7_200 * customer / customers)
        yield event_of(customer + 1, number, at, chance, every_kind)


def timed(
    customers: int, first: int, count: int, detector: Detector, chance: random.Random, every_kind: bool
) -> tuple[float, float, int]:
    """Events a second of the detector and of the reference, and alerts."""
    seconds = reference = 0.0
    alerts = 0
    gc.collect()
    for at in range(first, first + count, CHUNK):
        events = list(stream(customers, at, CHUNK, chance, every_kind))
        reference += counted(events)
        begun = time.process_time()
        for event in events:
            alerts += len(detector.observe(event))
        seconds += time.process_time() - begun
    return count / seconds, count / reference, alerts


def counted(events: list[TelemetryEvent]) -> float:
    """The reference: seconds."""
    counts: dict[tuple[int, str], float] = {}
    begun = time.process_time()
    for event in events:
        key = (event.customer_id, event.kind)
        counts[key] = counts.get(key, 0.0) + event.occurred_at.timestamp()
    return time.process_time() - begun


def measure(customers: int, events: int, every_kind: bool) -> dict[str, float]:
    """Throughput once every customer is known, bytes per customer, and milliseconds from a line to its alerts."""
    chance = random.Random(customers)
    recent = RecentEvents(0)
    detector = Detector(max_customers=2 * customers + 2, recent=recent)
    gc.collect()
    before = _resident_bytes()
    known = customers * (WARM_UP if customers <= MANY else LEAST_WARM_UP)
    for event in stream(customers, 0, known, chance, every_kind):
        detector.observe(event)
    gc.collect()
    size = (_resident_bytes() - before) / customers
    recent.max_bytes = MAX_BYTES
    rate, reference, alerts = timed(customers, known, events, detector, chance, every_kind)
    rest = stream(customers, known + events, 20_000, chance, every_kind)
    lines = [each.model_dump_json().encode() for each in rest]
    return {
        "customers": customers,
        "events_per_second": round(rate),
        "reference_events_per_second": round(reference),
        "ratio": round(rate / reference, 3),
        "alerts": alerts,
        "bytes_per_customer": round(size),
        "parse_to_alert_p99_ms": round(_p99_ms(detector, lines), 3),
    }


def measure_scored(customers: int, events: int, every_kind: bool) -> dict[str, float]:
    """Throughput of rules and learned score together, and how many charges wait for a label."""
    chance = random.Random(customers)
    recent = RecentEvents(0)
    scorer = PartitionScorer(teaches=True)
    scorer.take_changes()
    scorer.use_at_once(_model(chance))
    detector = Detector(max_customers=2 * customers + 2, recent=recent, scoring=scorer)
    known = customers * (WARM_UP if customers <= MANY else LEAST_WARM_UP)
    for number, event in enumerate(stream(customers, 0, known, chance, every_kind)):
        detector.observe(event)
        if number % SAVE_EVERY == 0:
            scorer.take_changes()
    recent.max_bytes = MAX_BYTES
    before, seconds, lessons = scorer.scored, 0.0, 0
    gc.collect()
    for at in range(known, known + events, SAVE_EVERY):
        some = list(stream(customers, at, SAVE_EVERY, chance, every_kind))
        begun = time.process_time()
        for event in some:
            detector.observe(event)
        changes = scorer.take_changes()
        seconds += time.process_time() - begun
        lessons += len(changes.lessons)
    return {
        "customers": customers,
        "scored_events_per_second": round(events / seconds),
        "charges_share": round((scorer.scored - before) / events, 3),
        "charges_waiting": scorer.waiting,
        "lessons": lessons,
    }


def _model(chance: random.Random) -> Model:
    card = Scorecard()
    for number in range(2_000):
        levels = bytes(chance.randrange(len(each.levels)) for each in FEATURES)
        card.learn(b"EUR" + levels, number % 20 == 0, START.timestamp())
    origin = ModelOrigin(
        number=1,
        line=1,
        may_alert=False,
        made_at=START,
        effective_at=START,
        frauds=card.frauds,
        others=card.others,
        learned_until=START,
        made_by=None,
        rolled_back_to=None,
        reason="Measured.",
    )
    return Model(origin, card)


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


def _p99_ms(detector: Detector, lines: list[bytes]) -> float:
    spans: list[float] = []
    for line in lines:
        begun = time.perf_counter()
        detector.observe(telemetry_event.validate_json(line))
        spans.append(time.perf_counter() - begun)
    return sorted(spans)[len(spans) * 99 // 100] * 1_000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="scripts/bench detection", description=__doc__)
    parser.add_argument("--customers", type=int, nargs="+", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--events", type=int, default=EVENTS, help="events that are timed")
    parser.add_argument("--every-kind", action="store_true", help="every customer has events of all kinds")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    results: list[dict[str, float]] = []
    for customers in options.customers:
        for each in (measure, measure_scored):
            results.append(each(customers, options.events, options.every_kind))
            sys.stdout.write(json.dumps(results[-1]) + "\n")
            sys.stdout.flush()
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    sys.exit(0)


if __name__ == "__main__":
    main()
