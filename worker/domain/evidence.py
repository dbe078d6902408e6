"""Does a finding rest on anything? Ids are resolved against what was really recorded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from contracts.alert import Alert
from contracts.hashing import content_hash
from contracts.investigation import RememberedRound
from contracts.report import Evidence, Finding, SpecialistReport

CHARGES_TOOL = "get_recent_charges"


@dataclass(frozen=True)
class Grounds:
    """What the findings of one report may cite."""

    recorded: frozenset[str]
    """Ids of all recorded tool calls of this case and of the events in the alert."""
    answered: frozenset[str]
    """Those among them that hold an answer: a failed call supports nothing on its own."""

    def supports(self, evidence_ids: Sequence[str]) -> bool:
        """Whether every id is recorded and at least one of them holds an answer."""
        return self.recorded.issuperset(evidence_ids) and not self.answered.isdisjoint(evidence_ids)


def grounds_of(alert: Alert, memory: Iterable[RememberedRound], evidence: Iterable[Evidence]) -> Grounds:
    """The alert's events, what earlier rounds rested on, and this round's tool calls."""
    events = {event.event_id for event in (*alert.trigger_events, *alert.recent_events)}
    earlier = {
        evidence_id
        for remembered in memory
        for report in remembered.reports
        for finding in report.findings
        if not finding.unsupported
        for evidence_id in finding.evidence_ids
    }
    calls = tuple(evidence)
    answered = events | earlier | {call.evidence_id for call in calls if call.ok}
    return Grounds(frozenset(answered | {call.evidence_id for call in calls}), frozenset(answered))


def resolve(findings: Iterable[Finding], grounds: Grounds) -> tuple[Finding, ...]:
    """The findings, each marked `unsupported` unless its evidence resolves."""
    return tuple(
        finding.model_copy(update={"unsupported": not grounds.supports(finding.evidence_ids)}) for finding in findings
    )


def seen_charge_ids(evidence: Iterable[Evidence]) -> frozenset[str]:
    """The charge ids in recorded answers of the charges tool."""
    found: set[str] = set()
    for call in evidence:
        if call.ok and call.tool == CHARGES_TOOL:
            found.update(_charge_ids(call.result))
    return frozenset(found)


def _charge_ids(result: JsonValue) -> Iterable[str]:
    charges = result.get("charges") if isinstance(result, dict) else None
    for charge in charges if isinstance(charges, list) else ():
        charge_id = charge.get("charge_id") if isinstance(charge, dict) else None
        if isinstance(charge_id, str):
            yield charge_id


def evidence_hash(reports: Sequence[SpecialistReport]) -> str:
    """One hash over what the reports say and the hashes of the tool results that they rest on."""
    return content_hash(
        [
            {
                "specialist": report.specialist,
                "status": report.status,
                "risk_score": report.risk_score,
                "findings": [finding.model_dump(mode="json") for finding in report.findings],
                "suspicious_charge_ids": list(report.suspicious_charge_ids),
                "results": {call.tool_call_id: call.result_hash for call in report.tool_calls},
            }
            for report in reports
        ]
    )
