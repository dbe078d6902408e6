"""Whether the score may raise alerts: enough labels, and better than the rules on its own shadow period.

Both are asked the same question: of as many charges as the rules alerted, how many were fraud? The rules answer with
their alerts, the score with its highest charges. What nobody reviewed counts as no fraud, and it is the rules whose
alerts are reviewed: the comparison is biased against the score, never for it.
"""

from math import log, sqrt
from typing import Final, NamedTuple

from backend.detection.state.packing import Packed, StateInvalid, items, listed, whole

LEAST_FRAUDS: Final = 50
"""Confirmed frauds in the period: with fewer, one case more or less changes the verdict."""
LEAST_ALERTS: Final = 30
"""Labelled charges that the rules alerted."""

VERSION: Final = 1
"""Of what `packed` writes."""
_Z: Final = 1.959964
"""Two-sided 95 %."""
_BINS: Final = 240
_BINS_PER_UNIT: Final = 10
"""The log odds from -12 to 12, in tenths."""


class Proportion(NamedTuple):
    """A share of a sample with its 95 % interval (Wilson's)."""

    hits: float
    of: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """0 of an empty sample."""
        return self.hits / self.of if self.of else 0.0


class ShadowVerdict(NamedTuple):
    """The answer, and the sentence that says why."""

    ready: bool
    sentence: str
    rules: Proportion
    """Precision of the rules' alerts."""
    score: Proportion
    """Precision of as many charges with the highest scores."""
    difference: tuple[float, float]
    """95 % interval of score minus rules (Newcombe's)."""


class ShadowPeriod:
    """Counts of labelled charges by score: constant size, and the same whatever the order of the labels."""

    __slots__ = ("_alerts", "_alerts_fraud", "_by_score", "_fraud_by_score")

    def __init__(self) -> None:
        self._by_score = [0] * _BINS
        self._fraud_by_score = [0] * _BINS
        self._alerts = 0
        self._alerts_fraud = 0

    def observe(self, score: float, alerted: bool, is_fraud: bool) -> None:
        """Counts one labelled charge: its score (a probability), whether a rule alerted, what it turned out to be."""
        place = _bin_of(score)
        self._by_score[place] += 1
        self._fraud_by_score[place] += is_fraud
        self._alerts += alerted
        self._alerts_fraud += alerted and is_fraud

    def correct(self, score: float, alerted: bool, is_fraud: bool) -> None:
        """The label of a charge that was counted was the other one."""
        place, more = _bin_of(score), 1 if is_fraud else -1
        self._fraud_by_score[place] = min(self._by_score[place], max(0, self._fraud_by_score[place] + more))
        self._alerts_fraud = min(self._alerts, max(0, self._alerts_fraud + more * alerted))

    def add(self, other: "ShadowPeriod") -> None:
        """Counts what another partition has counted, too."""
        self._by_score = [a + b for a, b in zip(self._by_score, other._by_score, strict=True)]
        self._fraud_by_score = [a + b for a, b in zip(self._fraud_by_score, other._fraud_by_score, strict=True)]
        self._alerts += other._alerts
        self._alerts_fraud += other._alerts_fraud

    def verdict(self) -> ShadowVerdict:
        """Whether the score is ready to alert."""
        rules = proportion(self._alerts_fraud, self._alerts)
        score = proportion(self._hits_of_highest(self._alerts), self._alerts)
        difference = _difference(score, rules)
        frauds = sum(self._fraud_by_score)
        compared = (
            f"of the {self._alerts:,} charges with the highest scores {_percent(score)} were fraud, "
            f"of the rules' {self._alerts:,} alerts {_percent(rules)}"
        )
        if frauds < LEAST_FRAUDS:
            ready, sentence = False, f"Not ready: {frauds} of {LEAST_FRAUDS} confirmed frauds are known so far."
        elif self._alerts < LEAST_ALERTS:
            ready = False
            sentence = (
                f"Not ready: the rules raised {self._alerts} of the {LEAST_ALERTS} alerts that a comparison needs."
            )
        elif difference[0] <= 0:
            ready, sentence = False, f"Not ready: {compared}; that is not better beyond chance."
        else:
            ready, sentence = True, f"Ready: {compared}."
        return ShadowVerdict(ready, sentence, rules, score, difference)

    def packed(self) -> Packed:
        """As plain JSON, for another process to go on with."""
        return [VERSION, self._alerts, self._alerts_fraud, listed(self._by_score), listed(self._fraud_by_score)]

    @classmethod
    def unpacked(cls, value: Packed) -> "ShadowPeriod":
        """From `packed`. Raises StateInvalid for anything else."""
        version, alerts, frauds, by_score, fraud_by_score = items(value, 5)
        if version != VERSION:
            raise StateInvalid(f"the version of the shadow period is {version}, and this release reads {VERSION}")
        period = cls()
        period._alerts, period._alerts_fraud = whole(alerts), whole(frauds)
        period._by_score = [whole(each) for each in items(by_score, _BINS)]
        period._fraud_by_score = [whole(each) for each in items(fraud_by_score, _BINS)]
        pairs = [(frauds_of, of) for frauds_of, of in zip(period._fraud_by_score, period._by_score, strict=True)]
        if any(not 0 <= found <= of for found, of in (*pairs, (period._alerts_fraud, period._alerts))):
            raise StateInvalid("more frauds than charges were counted")
        return period

    def _hits_of_highest(self, count: int) -> float:
        """Frauds among the `count` highest scores; of the last bin its share."""
        hits, left = 0.0, count
        for all_of_bin, frauds in zip(reversed(self._by_score), reversed(self._fraud_by_score), strict=True):
            if all_of_bin >= left:
                return hits + (frauds * left / all_of_bin if all_of_bin else 0.0)
            hits += frauds
            left -= all_of_bin
        return hits


def proportion(hits: float, of: int) -> Proportion:
    """With Wilson's interval; from 0 to 1 for an empty sample."""
    if of == 0:
        return Proportion(0.0, 0, 0.0, 1.0)
    share, z2 = hits / of, _Z * _Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z * sqrt(max(0.0, share * (1 - share)) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return Proportion(hits, of, max(0.0, middle - half), min(1.0, middle + half))


def _difference(a: Proportion, b: Proportion) -> tuple[float, float]:
    """Newcombe's interval of `a - b` (1998, method 10): for independent samples, so rather too wide for these."""
    apart = a.share - b.share
    low = apart - sqrt((a.share - a.low) ** 2 + (b.high - b.share) ** 2)
    high = apart + sqrt((a.high - a.share) ** 2 + (b.share - b.low) ** 2)
    return low, high


def _bin_of(score: float) -> int:
    if score <= 0.0:
        return 0
    if score >= 1.0:
        return _BINS - 1
    return min(_BINS - 1, max(0, int((log(score / (1.0 - score))) * _BINS_PER_UNIT + _BINS / 2)))


def _percent(part: Proportion) -> str:
    return f"{part.share:.0%} ({part.low:.0%} to {part.high:.0%})"
