"""What the histories of the recorded courses weigh: `scripts/bench histories [--folder FOLDER] [--version VERSION]`.

For each recording: bytes of its history, bytes that a scheduler sends a worker over all its turns (each turn brings the
whole history up to it), the largest payload, and the worker's processor time to replay all turns.
"""

import argparse
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.replay.replaying import read_history, replay

FOLDER = Path(__file__).parents[1] / "replay" / "histories"
REPEATS = 20


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench histories", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--version", default="1.0", help="of the recordings that are weighed")
    options = parser.parse_args(arguments)
    logging.disable(logging.CRITICAL)
    sys.stdout.write(f"{'course':26}{'history':>10}{'sent':>10}{'turns':>7}{'largest':>9}{'ms':>8}\n")
    for recording in sorted(options.folder.glob(f"{options.version}-*.json")):
        history = read_history(recording)
        sizes = [event.ByteSize() for event in history]
        starts = [index for index, event in enumerate(history) if event.HasField("orchestratorStarted")]
        sent = sum(sum(sizes[:end]) for end in [*starts[1:], len(history)])
        began = time.process_time()
        for _ in range(REPEATS):
            replay(history)
        took = (time.process_time() - began) / REPEATS * 1_000
        name = recording.stem.removeprefix(f"{options.version}-")
        line = f"{name:26}{sum(sizes):>10,}{sent:>10,}{len(starts):>7}{max(sizes):>9,}{took:>8.1f}\n"
        sys.stdout.write(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
