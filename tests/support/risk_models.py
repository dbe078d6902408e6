"""Puts a learned risk score on record as weeks of telemetry would: models, counts of a partition, drift.

python -m tests.support.risk_models CASEBOOK_URL
"""

import json
import sys
import zlib
from datetime import UTC, datetime, timedelta
from random import Random

from sqlalchemy import text

from backend.detection.features import FEATURES
from backend.scoring.drift import DriftMonitor
from backend.scoring.known_verdicts import KnownVerdicts
from backend.scoring.late_labels import LateLabels
from backend.scoring.partition import CORE, VERSION, PartitionScorer
from backend.scoring.scorecard import Scorecard
from backend.scoring.shadow import ShadowPeriod
from casebook.commands.detector_states import PartitionKey, Progress
from casebook.database.engine import open_engine
from casebook.database.transactions import Transactions
from casebook.detector_states_api import DetectorStatesApi
from casebook.risk_score_api import RiskScoreApi
from contracts.risk_score import NewModel

DAYS = 9
WINDOW = 4_000


def a_vector(random: Random, shift: int = 0) -> bytes:
    """Levels near the middle of each feature; `shift` moves those of the amount."""
    levels = [min(len(each.levels) - 1, int(random.gauss(len(each.levels) / 3, 2) ** 2) % 7) for each in FEATURES]
    levels[1] = min(len(FEATURES[1].levels) - 1, levels[1] + shift)
    return b"EUR" + bytes(levels)


def put_models(record: RiskScoreApi, random: Random) -> None:
    """A version a day, of one line; the last two may alert."""
    card, line = Scorecard(), None
    for day in range(1, DAYS + 1):
        for number in range(400):
            card.learn(a_vector(random), number % 20 == 0, day * 86_400.0, 1.0)
        may_alert = day >= DAYS - 1
        new = NewModel(
            may_alert=may_alert,
            frauds=card.frauds,
            others=card.others,
            learned_until=datetime.now(UTC) - timedelta(days=7 + DAYS - day),
            reason=f"Learned from {card.frauds} confirmed frauds and {card.others:,.0f} other charges.",
            document=zlib.compress(card.to_json().encode()),
        )
        record.save_learner(record.learner().revision, line, new.document, [], new)
        line = 1


def put_counts(states: DetectorStatesApi, random: Random) -> None:
    """What one partition saved: the score is better than the rules, and amounts have drifted."""
    shadow, drift = ShadowPeriod(), DriftMonitor(window=WINDOW)
    for number in range(140):
        shadow.observe(0.1, True, number % 4 == 0)
        shadow.observe(0.9, False, number % 5 != 0)
    for number in range(2 * WINDOW):
        drift.observe(a_vector(random, shift=3 if number >= WINDOW else 0), random.random() ** 4)
    labels = LateLabels()
    core = [VERSION, DAYS, 1, 0, labels.packed_rest(), drift.packed(), shadow.packed(), KnownVerdicts().packed()]
    saved = {CORE: zlib.compress(json.dumps(core).encode())}
    assert PartitionScorer(teaches=False).restore({CORE: core}) is None, "it is what this release saves"
    of = PartitionKey("telemetry (event hub)", "0")
    states.take_partition(of, "a process before")
    states.save_progress(of, "a process before", Progress(1, b"", saved))


def main() -> None:
    """Fill the casebook of a running installation."""
    engine = open_engine(sys.argv[1])
    transactions, random = Transactions(engine), Random(5)
    put_models(RiskScoreApi(transactions), random)
    put_counts(DetectorStatesApi(transactions), random)
    with engine.begin() as connection:
        # As if they had been made in time.
        connection.execute(text("UPDATE risk_model SET effective_at = made_at"))
    engine.dispose()


if __name__ == "__main__":
    main()
