"""The measures of the Fraud-Detection-Handbook: AUC, average precision, card precision."""

from collections.abc import Iterable
from itertools import pairwise

TOP_CARDS = 100


def ranking(scores: list[float], labels: list[bool]) -> tuple[float, float]:
    """Area under the ROC curve, and average precision; equal scores count as one threshold."""
    frauds = sum(labels)
    others = len(labels) - frauds
    order = sorted(range(len(scores)), key=scores.__getitem__, reverse=True)
    ends = [place for place, (a, b) in enumerate(pairwise(order), 1) if scores[a] != scores[b]] + [len(order)]
    hits = misses = begin = 0
    area = average = 0.0
    for end in ends:
        new_hits = sum(labels[each] for each in order[begin:end])
        new_misses = end - begin - new_hits
        area += new_misses * (hits + new_hits / 2)
        hits, misses, begin = hits + new_hits, misses + new_misses, end
        average += new_hits * hits / end
    return (area / (frauds * others), average / frauds) if frauds and others else (0.0, 0.0)


def card_precision(transactions: Iterable[tuple[int, int, float, bool]]) -> float:
    """Frauds among each day's 100 customers with the highest score, as a share, mean of the days.

    Takes day, customer, score and label of each; a customer who was found leaves the days after.
    """
    best: dict[int, dict[int, float]] = {}
    defrauded: set[tuple[int, int]] = set()
    for day, customer_id, score, is_fraud in transactions:
        of_day = best.setdefault(day, {})
        of_day[customer_id] = max(score, of_day.get(customer_id, score))
        if is_fraud:
            defrauded.add((day, customer_id))
    found: set[int] = set()
    shares: list[float] = []
    for day, of_day in sorted(best.items()):
        left = [each for each in of_day if each not in found]
        top = sorted(left, key=of_day.__getitem__, reverse=True)[:TOP_CARDS]
        hits = {each for each in top if (day, each) in defrauded}
        found |= hits
        shares.append(len(hits) / TOP_CARDS)
    return sum(shares) / len(shares)
