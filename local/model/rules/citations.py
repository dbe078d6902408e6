"""What every verdict cites: the key records of its specialist and the alert's own events."""

from collections.abc import Mapping
from dataclasses import replace

from contracts.report import Specialist
from screening.dossier import Dossier
from screening.required_evidence import KEY_RECORDS, events_to_cite
from screening.verdict import Signal, Verdict

_READ: Mapping[Specialist, str] = {
    "usage": "The daily usage was read",
    "location": "The security log was read",
    "billing": "The recent charges were read",
}


def cite_basis(verdict: Verdict, specialist: Specialist, dossier: Dossier) -> Verdict:
    """`verdict` with one more finding, of no weight, that cites both. Without key records there is none."""
    records = dossier.cite(KEY_RECORDS[specialist])
    if verdict.risk_score is None or not records:
        return verdict
    events = events_to_cite(dossier.alert, specialist)
    beside = ", and the alert's own events beside it" if events else ""
    signal = Signal(f"{_READ[specialist]}{beside}.", 0.0, (*records, *events))
    return replace(verdict, findings=(*verdict.findings, signal))
