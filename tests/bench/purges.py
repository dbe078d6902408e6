"""How long it takes to purge closed cases from a SQLite casebook, 20 in a transaction.

    scripts/bench purges [--cases 10000] [--most-alerts 5]

A case has one to `--most-alerts` alerts, by default three on average, and an event for each.
"""

import argparse
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from casebook.database.engine import for_writing, open_engine
from casebook.database.transactions import Transactions
from casebook.retention_api import RetentionApi
from tests.bench.casebook import fill, say

LONG_AFTER = datetime(2036, 1, 1, tzinfo=UTC)
KEPT_DAYS = 30


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--most-alerts", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="casewright-bench-") as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'casebook.db'}")
        fill(engine, arguments.cases, most_alerts=arguments.most_alerts)
        with for_writing(engine).begin() as connection:
            connection.execute(text("UPDATE \"case\" SET state = 'closed', outcome = 'cleared'"))
        purge_all(RetentionApi(Transactions(engine, lambda: LONG_AFTER)))
        engine.dispose()


def purge_all(retention: RetentionApi) -> None:
    """Purge whatever is there, and print how long each transaction took."""
    taken: list[float] = []
    purged, reached = 0, 0
    while reached is not None:
        started = time.perf_counter()
        batch = retention.purge_cases("fraud", KEPT_DAYS, reached)
        taken.append((time.perf_counter() - started) * 1_000)
        purged, reached = purged + batch.purged, batch.reached
    started = time.perf_counter()
    while retention.forget_words():
        pass
    say(
        f"{purged:,} cases in {len(taken):,} transactions: p50 {statistics.median(taken):.1f} ms,"
        f" p95 {statistics.quantiles(taken, n=20)[-1]:.1f} ms, {sum(taken) / 1_000:.1f} s in all;"
        f" their words in {time.perf_counter() - started:.1f} s"
    )


if __name__ == "__main__":
    main()
