"""One verdict on a case with several alerts: that of the worst, with what the others add."""

from collections.abc import Sequence
from dataclasses import replace

from screening import thresholds
from screening.verdict import MAX_SIGNALS, Signal, Verdict


def worst_of(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict with the highest score; without records for one of the alerts no low score is left.

    It names the most telling findings of all of them, and every suspicious charge.
    """
    if len(verdicts) == 1:
        return verdicts[0]
    worst = max(verdicts, key=lambda verdict: verdict.risk_score or 0.0)
    unjudged = next((verdict for verdict in verdicts if verdict.risk_score is None), None)
    if unjudged is not None and (worst.risk_score or 0.0) < thresholds.FLOOR_WITHOUT_RECORDS:
        worst = unjudged
    charges = dict.fromkeys(charge for verdict in verdicts for charge in verdict.suspicious_charge_ids)
    return replace(
        worst,
        findings=_findings(worst, verdicts),
        suspicious_charge_ids=tuple(charges),
        lowest=max(verdict.lowest for verdict in verdicts),
    )


def _findings(worst: Verdict, verdicts: Sequence[Verdict]) -> tuple[Signal, ...]:
    """Each once: those of the worst verdict before the others'."""
    found = dict.fromkeys((*worst.findings, *(each for verdict in verdicts for each in verdict.findings)))
    others = sorted((each for each in found if each not in worst.findings), key=lambda signal: -abs(signal.weight))
    return (*worst.findings, *others)[: max(MAX_SIGNALS, len(worst.findings))]
