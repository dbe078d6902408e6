"""What partitions have saved of their scores, as this release reads it."""

import json
import logging
import zlib
from collections.abc import Sequence

from backend.detection.state.packing import StateInvalid
from backend.scoring.partition import ScoreCounts, counts_of
from contracts.risk_score import ScoreReport

_log = logging.getLogger(__name__)


def read_counts(reports: Sequence[ScoreReport]) -> list[tuple[ScoreReport, ScoreCounts]]:
    """The counts of each partition; of another release they are left out, with a sentence in the log."""
    found: list[tuple[ScoreReport, ScoreCounts]] = []
    for report in reports:
        try:
            found.append((report, counts_of(json.loads(zlib.decompress(report.body)))))
        except (StateInvalid, zlib.error, ValueError) as problem:
            _log.warning(
                "Scores of partition %s of %s are not counted: %s.", report.partition or "0", report.source, problem
            )
    return found
