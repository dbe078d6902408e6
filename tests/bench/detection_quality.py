"""`scripts/bench detection-quality`: what detection finds in public benchmarks, beside references in the same run.

    scripts/bench detection-quality [--data DIR] [--json FILE]

Two halves, each skipped where its files are absent: the card transactions of the Fraud-Detection-Handbook
(`handbook*.parquet`) and the Numenta Anomaly Benchmark (`nab*.parquet`). Other files of these formats are taken alike.
"""

import argparse
import json
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.stack import ROOT

FOLDER = ROOT.parent / "shared" / "data" / "benchmarks"


class Half(NamedTuple):
    """One benchmark."""

    name: str
    files: str
    module: str
    """Has `run(data) -> dict` and `say(result)`."""


HALVES = (
    Half("handbook", "handbook*.parquet", "tests.bench._handbook"),
    Half("nab", "nab*.parquet", "tests.bench._nab_run"),
)


def main() -> None:
    """Measures and prints each half whose files are there; writes all of it as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=FOLDER, metavar="DIR", help=f"default: {FOLDER}")
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args()
    results: dict[str, object] = {}
    for half in HALVES:
        if not any(asked.data.glob(half.files)):
            print(f"{half.name}: skipped, because there is no {half.files} in {asked.data}")  # noqa: T201
        elif find_spec(half.module) is None:
            print(f"{half.name}: skipped, because {half.module} is not part of this release")  # noqa: T201
        else:
            measures: Any = import_module(half.module)
            results[half.name] = result = measures.run(asked.data)
            measures.say(result)
    if asked.json:
        asked.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
