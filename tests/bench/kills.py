"""`scripts/bench kills`: kills worker, backend and tool server at every step between decision and report."""

import argparse
import platform
import sys
import tempfile
from pathlib import Path

from tests.support.crashing import POINTS
from tests.support.kills import AT_ONCE, kill_at_every_step


def main() -> int:
    """Prints the results of the effects. Returns 0 when each case has exactly one, otherwise 1."""
    parser = argparse.ArgumentParser(prog="scripts/bench kills", description=__doc__)
    parser.add_argument(
        "--waves", type=int, default=34, help=f"each kills one process of {', '.join(POINTS)} (default: 34)"
    )
    waves = parser.parse_args().waves
    with tempfile.TemporaryDirectory() as folder:
        outcome = kill_at_every_step(Path(folder) / "data", waves)
    say = sys.stdout.write
    points = ", ".join(point for part in POINTS.values() for point in part)
    say(f"Python {platform.python_version()}, points: {points}\n")
    say(f"{outcome.cases} cases approved in {waves} waves of {AT_ONCE}, {outcome.kills} processes killed by SIGKILL\n")
    say(f"{outcome.effects} effects, {outcome.doubles} doubles, {outcome.lost} lost\n")
    say(f"audit chain: {outcome.broken or 'intact'}\n")
    say(
        f"{outcome.preparing_s:.0f} s to investigate, {outcome.seconds:.0f} s of kills, "
        f"slowest wave {outcome.slowest_s:.1f} s from decision to closed cases\n"
    )
    return 0 if outcome.is_exact else 1


if __name__ == "__main__":
    sys.exit(main())
