"""What every verdict cites: the key records of its specialist and the own events of each alert."""

from collections.abc import Mapping, Sequence
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


CITED_AT_ONCE = 120
"""Events that one finding cites."""


def cite_basis(verdict: Verdict, specialist: Specialist, dossiers: Sequence[Dossier]) -> Verdict:
    """`verdict` with a finding of no weight that cites both, or several. Without key records there is none.

    What several alerts make necessary takes the place of the least telling findings: an answer holds only so many.
    """
    records = dossiers[0].cite(KEY_RECORDS[specialist])
    if verdict.risk_score is None or not records:
        return verdict
    wanted = dict.fromkeys(event for dossier in dossiers for event in events_to_cite(dossier.alert, specialist))
    events = tuple(wanted)
    whose = "alerts'" if dossiers[0].others else "alert's"
    beside = f", and the {whose} own events beside it" if events else ""
    parts = [events[start : start + CITED_AT_ONCE] for start in range(0, len(events), CITED_AT_ONCE)] or [()]
    signals = [Signal(f"{_READ[specialist]}{beside}.", 0.0, (*records, *part)) for part in parts]
    kept = len(verdict.findings) - (len(signals) - 1)
    return replace(verdict, findings=(*verdict.findings[:kept], *signals))
