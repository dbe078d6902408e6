"""Signals, and how they become a verdict: baseline plus weights, clamped, failing closed when records are missing."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from contracts.words import cut
from screening import thresholds
from screening.dossier import Dossier
from screening.records import unreadable_answers

MAX_STATEMENT = 600
MAX_SIGNALS = 8
"""Findings beyond these, the most telling ones, are left out of the answer; they still count for the score."""


@dataclass(frozen=True)
class Signal:
    """One observation: positive weight speaks for fraud, negative for innocence, zero only informs."""

    statement: str
    weight: float
    evidence_ids: tuple[str, ...]


@dataclass(frozen=True)
class Judgement:
    """What a specialist's rules saw. `missing` says which records there should have been, if any were absent."""

    signals: tuple[Signal, ...]
    missing: str | None = None
    suspicious_charge_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """The specialist's answer. `risk_score` is None unless `evaluable`."""

    evaluable: bool
    reason: str | None
    risk_score: float | None
    findings: tuple[Signal, ...]
    suspicious_charge_ids: tuple[str, ...] = ()
    lowest: float = thresholds.STATED_FACT_LOWEST
    """What a reviewer states cannot bring the score below this."""
    feedback_answer: str | None = None
    """What was done about the feedback to the round before."""

    def as_json(self) -> dict[str, JsonValue]:
        """In the shape of `specialist_verdict`."""
        return {
            "evaluable": self.evaluable,
            "reason": self.reason,
            "risk_score": self.risk_score,
            "findings": [
                {"statement": cut(finding.statement, MAX_STATEMENT), "evidence_ids": list(finding.evidence_ids)}
                for finding in self.findings
            ],
            "suspicious_charge_ids": list(self.suspicious_charge_ids),
            "feedback_answer": self.feedback_answer,
        }


def clamp(score: float, lowest: float = thresholds.LOWEST_SCORE, highest: float = thresholds.HIGHEST_SCORE) -> float:
    """`score` within its limits, to three decimals."""
    return round(min(highest, max(lowest, score)), 3)


def conclude(judgement: Judgement, dossier: Dossier) -> Verdict:
    """The verdict on `judgement`.

    With records missing or a tool unanswered, only what the alert's own events or the rest of the records show
    to be damning is a verdict, and never below FLOOR_WITHOUT_RECORDS; otherwise it is not evaluable.
    """
    signals = _supported(judgement.signals, dossier)
    score = clamp(thresholds.BASELINE + sum(signal.weight for signal in signals))
    missing = judgement.missing or _unanswered(dossier)
    if missing is None:
        return Verdict(True, None, score, signals[:MAX_SIGNALS], judgement.suspicious_charge_ids)
    damning = sum(signal.weight for signal in signals if signal.weight > 0)
    note = Signal(missing, 0.0, dossier.all_evidence)
    if damning < thresholds.ENOUGH_FROM_ALERT:
        return Verdict(False, missing, None, (*signals[:MAX_SIGNALS], note))
    lowest = thresholds.FLOOR_WITHOUT_RECORDS
    findings = (*signals[:MAX_SIGNALS], note)
    return Verdict(True, None, clamp(max(score, lowest)), findings, judgement.suspicious_charge_ids, lowest)


def _supported(signals: Sequence[Signal], dossier: Dossier) -> tuple[Signal, ...]:
    """The most telling first. A signal without evidence of its own rests on all that was read."""
    supported = (
        signal if signal.evidence_ids else Signal(signal.statement, signal.weight, dossier.all_evidence)
        for signal in signals
    )
    return tuple(sorted(supported, key=lambda signal: -abs(signal.weight)))


def _unanswered(dossier: Dossier) -> str | None:
    failed = dossier.answers.failures
    if failed:
        reasons = "; ".join(f"{answer.tool}: {(answer.error or '').rstrip('.')}" for answer in failed)
        return f"Records could not be read ({reasons})."
    strange = unreadable_answers(dossier.answers)
    if strange:
        return f"Records could not be understood ({', '.join(answer.tool for answer in strange)})."
    return None
