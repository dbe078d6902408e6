"""Whether a finding is supported: its ids and figures are checked against the recorded evidence."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from pydantic import JsonValue

from contracts.alert import Alert
from contracts.alert_views import shown_alerts
from contracts.charges import CHARGES_TOOL
from contracts.hashing import content_hash
from contracts.investigation import RememberedRound
from contracts.report import Evidence, Finding, SpecialistReport
from worker.domain.grounding import Source, source_of, ungrounded

MAX_QUOTE = 80


@dataclass(frozen=True)
class Grounds:
    """What the findings of one report may cite, and what that says."""

    answered: Mapping[str, JsonValue]
    """By id: the alerts' events, what earlier rounds rested on, and tool calls that hold an answer."""
    failed: Mapping[str, JsonValue]
    """Tool calls without an answer: on their own they support nothing."""
    arguments: Mapping[str, Mapping[str, JsonValue]]
    """Of the tool calls."""
    common: tuple[JsonValue, ...] = ()
    """What any finding may repeat."""
    _sources: dict[str, Source] = field(default_factory=dict[str, Source], init=False, repr=False, compare=False)
    """What each says, once it was read: findings cite the same records."""

    def objection(self, finding: Finding) -> str | None:
        """Why the finding counts for nothing, in one sentence; None when it is supported."""
        cited = tuple(dict.fromkeys(finding.evidence_ids))
        if not cited:
            return "It cites no evidence."
        unknown = next((each for each in cited if each not in self.answered and each not in self.failed), None)
        if unknown is not None:
            return f"It cites {quoted(unknown)}, which is not recorded in this case."
        if self.answered.keys().isdisjoint(cited):
            return "What it cites holds no answer."
        invented = ungrounded(finding.statement, (*map(self._source, cited), *self._common), len(cited))
        return None if invented is None else f"It states {quoted(invented)}, which does not occur in what it cites."

    def _source(self, evidence_id: str) -> Source:
        if evidence_id not in self._sources:
            value = self.answered[evidence_id] if evidence_id in self.answered else self.failed[evidence_id]
            self._sources[evidence_id] = source_of(value, self.arguments.get(evidence_id))
        return self._sources[evidence_id]

    @cached_property
    def _common(self) -> tuple[Source, ...]:
        return tuple(replace(source_of(value), entries=0) for value in self.common)


def grounds_of(alerts: Sequence[Alert], memory: Sequence[RememberedRound], evidence: Iterable[Evidence]) -> Grounds:
    """The alerts' events as they were shown, what earlier rounds rested on, and this round's tool calls."""
    answered: dict[str, JsonValue] = {}
    for remembered in memory:
        for report in remembered.reports:
            for finding in report.findings:
                _recall(finding, answered)
    answered |= _events_of(alerts)
    calls = tuple(evidence)
    said = ({"round": past.round, "feedback": past.feedback} for past in memory if past.feedback)
    return Grounds(
        answered | {call.evidence_id: call.result for call in calls if call.ok},
        {call.evidence_id: call.result for call in calls if not call.ok},
        {call.evidence_id: call.arguments for call in calls},
        ({"customer_id": alerts[0].customer_id}, *map(_json, said)),
    )


def _events_of(alerts: Sequence[Alert]) -> dict[str, JsonValue]:
    """Each event with the alert that shows it; with each of them, where several do."""
    found: dict[str, JsonValue] = {}
    for alert in reversed(shown_alerts(alerts)):
        head: JsonValue = alert.model_dump(mode="json", exclude={"trigger_events", "recent_events"})
        # A trigger event may say more than the same event among the recent ones: it comes last, and counts.
        events = {event.event_id: event for event in (*alert.recent_events, *alert.trigger_events)}
        for event_id, event in events.items():
            # Not in a list: its entries could be counted.
            also: dict[str, JsonValue] = {"also": found[event_id]} if event_id in found else {}
            found[event_id] = {"event": event.model_dump(mode="json"), "alert": head, **also}
    return found


def _recall(finding: Finding, answered: dict[str, JsonValue]) -> None:
    """Tool results of earlier rounds are not available: their supported findings replace what they cited."""
    if finding.unsupported:
        return
    for evidence_id in finding.evidence_ids:
        known = answered.setdefault(evidence_id, [])
        assert isinstance(known, list), "only findings were remembered so far"
        known.append(finding.statement)


def resolve(findings: Iterable[Finding], grounds: Grounds) -> tuple[Finding, ...]:
    """The findings, each marked `unsupported` with the reason unless what it cites is recorded and says so."""
    return tuple(_resolved(finding, grounds.objection(finding)) for finding in findings)


def _resolved(finding: Finding, objection: str | None) -> Finding:
    return finding.model_copy(update={"unsupported": objection is not None, "unsupported_reason": objection})


def _json(value: dict[str, int | str]) -> JsonValue:
    return {**value}


def quoted(text: str) -> str:
    """A piece of a text as a sentence names it: on one line, in at most MAX_QUOTE characters."""
    plain = " ".join(text.split())
    return f"“{plain if len(plain) <= MAX_QUOTE else plain[: MAX_QUOTE - 1] + '…'}”"


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
    """One hash over the reports' contents and the hashes of the tool results that they cite."""
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
