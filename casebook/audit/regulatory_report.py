"""Builds the regulatory report of a case from its record. Pure: no database, no clock.

It repeats what is on record. What people may not infer is not inferred: an amount that is not known is not counted as
zero, and a finding that cites nothing on record is not told.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from casebook.audit.reported_amounts import amounts_of, refunded
from casebook.audit.reported_sources import CUSTOMER_TOOL, Sources
from contracts.case import CaseEvent
from contracts.fraud_case import CaseAlert, FraudCaseView, InvestigatedRound
from contracts.ids import parse_review_id
from contracts.note import Attachment
from contracts.regulatory_report import (
    Amounts,
    DecisionStatus,
    Period,
    RegulatoryReport,
    ReportedAction,
    ReportedAlert,
    ReportedConclusion,
    ReportedDecision,
    ReportedFact,
    ReportedSubject,
    Statement,
    cited_in,
)
from contracts.report import SPECIALISTS, Evidence

SUBJECT_FACTS = ("name", "email", "segment", "home_country", "home_city", "customer_since", "status")
"""What of the customer's record says who they are."""
NOT_ON_RECORD = (
    "Who files the report (institution, contact) is not on record.",
    "Date of birth, address and identification of the subject are not on record.",
)
_DECIDED: Mapping[DecisionStatus, str] = {
    "not_decided": "Nobody has decided.",
    "first_approval_given": "Only the first of two approvals has been given: nothing is decided.",
    "rejected": "The assessment was rejected, and no later one is decided.",
    "cleared_by_rules": "The rules cleared the case; no person decided.",
}


@dataclass(frozen=True)
class CaseRecord:
    """What is on record of a case, as of one instant."""

    case: FraudCaseView
    rounds: Sequence[InvestigatedRound]
    events: Sequence[CaseEvent]
    evidence: Sequence[Evidence]
    attachments: Sequence[Attachment]


def build_report(record: CaseRecord, prepared_by: str, now: datetime) -> RegulatoryReport:
    """The report of a case, as its record is now."""
    case = record.case
    sources = Sources([each.alert for each in case.alerts], record.evidence)
    subject, alerts = _subject(record, sources), tuple(map(_alert, case.alerts))
    amounts = amounts_of(case, sources)
    period, narrative = _period(amounts, sources), tuple(_narrative(record, sources))
    status = _decision_status(case)
    return RegulatoryReport(
        generated_at=now,
        prepared_by=prepared_by,
        case_id=case.case_id,
        state=case.state,
        outcome=case.outcome,
        opened_at=case.opened_at,
        opened_by=case.opened_by,
        closed_at=_closed_at(record),
        follows=case.follows,
        followed_by=case.followed_by,
        last_seq=case.last_seq,
        head=record.events[-1].hash if record.events else None,
        is_draft=case.state != "closed",
        subject=subject,
        alerts=alerts,
        period=period,
        amounts=amounts,
        narrative=narrative,
        conclusion=_conclusion(case),
        decision_status=status,
        decisions=tuple(_decisions(record)),
        first_approval=case.proposal,
        actions=tuple(_actions(record)),
        reversals=case.reversals,
        evidence=tuple(map(sources.cited, dict.fromkeys(cited_in(subject, alerts, period, amounts, narrative)))),
        attachments=tuple(record.attachments),
        missing=tuple(_missing(record, sources, status, subject, period, amounts)),
    )


def _closed_at(record: CaseRecord) -> datetime | None:
    if record.case.state != "closed":
        return None
    return next((event.at for event in reversed(record.events) if event.type == "case_closed"), None)


def _subject(record: CaseRecord, sources: Sources) -> ReportedSubject:
    answer = sources.last_answer(CUSTOMER_TOOL)
    facts: list[ReportedFact] = []
    if answer is not None and isinstance(answer.result, dict):
        said = answer.result
        facts = [
            ReportedFact(name=name, value=value, evidence_ids=(answer.evidence_id,))
            for name in SUBJECT_FACTS
            if isinstance(value := said.get(name), str) and value
        ]
    return ReportedSubject(customer_id=record.case.alert.customer_id, facts=tuple(facts))


def _alert(recorded: CaseAlert) -> ReportedAlert:
    alert = recorded.alert
    same = ("alert_id", "alert_type", "rule_id", "rule_version", "severity", "source", "raised_at", "description")
    raised_by = dict.fromkeys(event.event_id for event in alert.trigger_events)
    return ReportedAlert(
        **{name: getattr(alert, name) for name in same},
        recorded_at=recorded.recorded_at,
        recorded_by=recorded.recorded_by,
        round=recorded.round,
        evidence_ids=tuple(raised_by),
    )


def _period(amounts: Amounts, sources: Sources) -> Period | None:
    """What raised the alerts, and what was charged."""
    moments = [(event.occurred_at, event.event_id) for event in sources.triggers]
    moments += [(each.at, each.evidence_ids[0]) for each in amounts.charges or () if each.at is not None]
    if not moments:
        return None
    first, last = min(moments), max(moments)
    return Period(first=first[0], last=last[0], evidence_ids=tuple(dict.fromkeys((first[1], last[1]))))


def _narrative(record: CaseRecord, sources: Sources) -> Iterator[Statement]:
    """The alerts, then the findings of the last round that cite what is on record, each statement once."""
    told: set[str] = set()
    for alert in (each.alert for each in record.case.alerts):
        cited = tuple(dict.fromkeys(event.event_id for event in alert.trigger_events))
        if cited and alert.description not in told:
            told.add(alert.description)
            yield Statement(text=alert.description, said_by="alert", round=None, evidence_ids=cited)
    for report in sorted(record.case.reports, key=lambda report: SPECIALISTS.index(report.specialist)):
        for finding in report.findings:
            known = sources.known(finding.evidence_ids)
            if finding.unsupported or not known or finding.statement in told:
                continue
            told.add(finding.statement)
            yield Statement(text=finding.statement, said_by=report.specialist, round=report.round, evidence_ids=known)


def _conclusion(case: FraudCaseView) -> ReportedConclusion | None:
    assessment = case.assessment
    if assessment is None:
        return None
    judged = assessment.is_judged
    return ReportedConclusion(
        round=assessment.round,
        risk_score=assessment.overall_risk_score if judged else None,
        risk_level=assessment.risk_level if judged else None,
        recommended_action=assessment.recommended_action if judged else None,
        reasoning=assessment.reasoning,
        reasoning_unsupported_reason=assessment.reasoning_unsupported_reason,
        model=assessment.model,
    )


def _decision_status(case: FraudCaseView) -> DecisionStatus:
    last = case.decisions[-1] if case.decisions else None
    if last is not None and parse_review_id(last.review_id)[1] == case.round:
        return "approved" if last.verdict == "approve" else "rejected"
    if case.proposal is not None:
        return "first_approval_given"
    if case.outcome == "auto_cleared":
        return "cleared_by_rules"
    if case.review is None and last is not None and last.verdict == "reject":
        return "rejected"
    return "not_decided"


def _decisions(record: CaseRecord) -> Iterator[ReportedDecision]:
    asked = {each.review.review_id: each.review for each in record.rounds if each.review is not None}
    for decision in record.case.decisions:
        review = asked.get(decision.review_id)
        yield ReportedDecision(
            round=parse_review_id(decision.review_id)[1],
            required_role=None if review is None else review.required_role,
            decision=decision,
        )


def _actions(record: CaseRecord) -> Iterator[ReportedAction]:
    for effect in record.case.effects:
        of_it = [event for event in record.events if event.data.get("key") == effect.key]
        yield ReportedAction(
            key=effect.key,
            action=effect.action,
            status=effect.status,
            started_at=next((event.at for event in of_it if event.type == "effect_started"), None),
            finished_at=next((event.at for event in reversed(of_it) if event.type == "effect_finished"), None),
            refunded=refunded(effect),
        )


def _missing(
    record: CaseRecord,
    sources: Sources,
    status: DecisionStatus,
    subject: ReportedSubject,
    period: Period | None,
    amounts: Amounts,
) -> Iterator[str]:
    case = record.case
    if case.state != "closed":
        yield "The case is not closed: this report is a draft."
    if status in _DECIDED:
        yield _DECIDED[status]
    if case.decisions and case.decisions[-1].disposition is None:
        yield "Nobody has said what the case turned out to be (disposition)."
    if not subject.facts:
        yield "No recorded answer of the customer store says who the customer is."
    if any(each.round is None for each in case.alerts):
        yield "An alert joined the case that no round has investigated yet."
    if any(not each.alert.trigger_events for each in case.alerts):
        yield "An alert names no event that raised it: its description is in no statement of the narrative."
    if period is None:
        yield "Neither an event nor a charge on record says when it happened."
    yield from _missing_amounts(amounts)
    yield from _missing_findings(case, sources)
    for effect in case.effects:
        if effect.status in ("pending", "unknown"):
            yield f"The result of '{effect.key}' is not known."
    yield from NOT_ON_RECORD


def _missing_amounts(amounts: Amounts) -> Iterator[str]:
    if amounts.charges is None:
        yield "The billing specialist did not report: suspicious charges are not known."
    for charge in amounts.unrecorded_charge_ids:
        yield f"Charge '{charge}' was found suspicious, and no recorded answer shows it: its amount is not known."
    for each in (*(amounts.charges or ()), *amounts.transactions):
        if each.money is None:
            yield f"The amount of '{each.reference}' is not known."


def _missing_findings(case: FraudCaseView, sources: Sources) -> Iterator[str]:
    reported = {report.specialist: report for report in case.reports}
    for specialist in SPECIALISTS:
        report = reported.get(specialist)
        if report is None:
            yield f"There is no report of the {specialist} specialist."
        elif report.status != "ok":
            yield f"The {specialist} specialist could not report ({report.status.replace('_', ' ')})."
    left_out = sum(
        finding.unsupported or not sources.known(finding.evidence_ids)
        for report in case.reports
        for finding in report.findings
    )
    if left_out:
        yield f"{left_out} findings are left out: they cite nothing that is on record."
    if case.assessment is None:
        yield "There is no assessment."
    elif not case.assessment.is_judged:
        yield "The assessment has no score: there was no evidence to judge by."
