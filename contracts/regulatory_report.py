"""A regulatory report (suspicious activity report): what a case's record says, in the parts that authorities ask for.

It repeats the record and adds nothing: each statement cites evidence, and what is not on record is named as missing.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

from pydantic import Field

from contracts.actions import EffectAction, RecommendedAction, ReversalAction
from contracts.alert import AlertSource, AlertType
from contracts.assessment import RiskLevel
from contracts.base import Contract, Score, UtcDateTime
from contracts.case import CaseOutcome, CaseState, Proposal
from contracts.effect import EffectStatus
from contracts.ids import AlertId, CaseId, Hash
from contracts.money import Money
from contracts.note import Attachment
from contracts.report import Specialist
from contracts.reversal import Reversal
from contracts.review import Decision, Role
from contracts.severity import Severity
from contracts.telemetry import CustomerId

REPORT_FORMAT = "casewright-regulatory-report"
REPORT_VERSION = 1

EvidenceIds = Annotated[tuple[str, ...], Field(min_length=1)]
"""Each the id of a recorded tool call or of an alert's event, and in the report's `evidence`."""
DecisionStatus = Literal["not_decided", "first_approval_given", "approved", "rejected", "cleared_by_rules"]


class ReportedFact(Contract):
    """Something that a record says of the subject."""

    name: str
    value: str
    evidence_ids: EvidenceIds


class ReportedSubject(Contract):
    """Whom the report is about."""

    customer_id: CustomerId
    facts: tuple[ReportedFact, ...]
    """As the customer store answered last; empty when no answer is on record."""


class ReportedAlert(Contract):
    """Why the case was opened, or what joined it."""

    alert_id: AlertId
    alert_type: AlertType
    rule_id: AlertType
    rule_version: int
    severity: Severity
    source: AlertSource
    raised_at: UtcDateTime
    recorded_at: UtcDateTime
    """When it opened the case, or joined it."""
    recorded_by: str | None
    """The person who raised it by hand; null when a rule did."""
    round: int | None
    """The first round that investigated it; null while none did."""
    description: str
    evidence_ids: tuple[str, ...]
    """The events that raised it; empty for one that a person raised without any."""


class Period(Contract):
    """From the first to the last event and charge that the report is about."""

    first: UtcDateTime
    last: UtcDateTime
    evidence_ids: EvidenceIds


class ReportedAmount(Contract):
    """One charge or transaction."""

    reference: str
    """The charge's id, or the event's."""
    at: UtcDateTime | None
    money: Money | None
    """Null when its amount is not known to the smallest unit of its currency."""
    merchant: str | None
    evidence_ids: EvidenceIds


class Amounts(Contract):
    """Amounts that look fraudulent. The two lists may be about the same purchases: their totals are not added."""

    charges: tuple[ReportedAmount, ...] | None
    """Charges that the specialists found suspicious; null when that was not examined."""
    unrecorded_charge_ids: tuple[str, ...] = ()
    """Charges that were found suspicious although no recorded answer shows them."""
    charges_total: tuple[Money, ...] | None
    """One amount per currency; null when it is not known."""
    transactions: tuple[ReportedAmount, ...]
    """Transactions that raised an alert."""
    transactions_total: tuple[Money, ...] | None


class Statement(Contract):
    """One statement of the narrative, in the words of the record."""

    text: str
    said_by: Literal["alert"] | Specialist
    round: int | None
    """Null for an alert."""
    evidence_ids: EvidenceIds


class ReportedConclusion(Contract):
    """What the investigation came to in the last round. Scores and reasoning are judgements, not evidence."""

    round: int
    risk_score: Score | None
    risk_level: RiskLevel | None
    recommended_action: RecommendedAction | None
    reasoning: str
    reasoning_unsupported_reason: str | None
    """Why the reasoning is an opinion; null when it repeats only what was found."""
    model: str | None


class ReportedDecision(Contract):
    """What a person decided, or two."""

    round: int
    required_role: Role | None
    """Who was asked; null when that is not on record."""
    decision: Decision
    """With everybody who approved, where two people were needed."""


class ReportedAction(Contract):
    """What was done in the customer store after an approval."""

    key: str
    action: EffectAction | ReversalAction
    status: EffectStatus
    started_at: UtcDateTime | None
    finished_at: UtcDateTime | None
    refunded: Money | None
    """For a refund that was done: what the store says that it gave back."""


class CitedEvidence(Contract):
    """What the report rests on. The case's export has the content, whose hash is `digest`."""

    evidence_id: str
    kind: Literal["tool_call", "event"]
    what: str
    """Which tool answered, or what kind of event it was."""
    at: UtcDateTime
    """When the answer was recorded, or when the event happened."""
    digest: Hash


class RegulatoryReport(Contract):
    """The form: subject, activity, period, amounts, narrative, decision, actions, and what is missing."""

    format: Literal["casewright-regulatory-report"] = REPORT_FORMAT
    version: Literal[1] = REPORT_VERSION
    generated_at: UtcDateTime
    prepared_by: str
    """The person who asked for it."""
    case_id: CaseId
    state: CaseState
    outcome: CaseOutcome | None
    opened_at: UtcDateTime
    opened_by: str | None
    """The person who opened the case by hand; null when a rule did."""
    closed_at: UtcDateTime | None
    """Null while it is open, also where it was closed before."""
    follows: CaseId | None
    """The customer's case before it, which could not take its alert."""
    followed_by: tuple[CaseId, ...]
    """The customer's cases that this one could not take the alerts of."""
    last_seq: int
    head: Hash | None
    """Hash of the last event of the case: which state of the record this is."""
    is_draft: bool
    """Whether the case is still open, so that another report may say more."""
    subject: ReportedSubject
    alerts: Annotated[tuple[ReportedAlert, ...], Field(min_length=1)]
    period: Period | None
    amounts: Amounts
    narrative: tuple[Statement, ...]
    conclusion: ReportedConclusion | None
    decision_status: DecisionStatus
    decisions: tuple[ReportedDecision, ...]
    first_approval: Proposal | None
    """That waits for a second one."""
    actions: tuple[ReportedAction, ...]
    reversals: tuple[Reversal, ...]
    evidence: tuple[CitedEvidence, ...]
    attachments: tuple[Attachment, ...]
    """Files that people added, with the hashes of their contents."""
    missing: tuple[str, ...]
    """What is not on record or not known, one sentence each."""

    def cited(self) -> Iterator[str]:
        """The ids of everything that is cited, as often as it is."""
        return cited_in(self.subject, self.alerts, self.period, self.amounts, self.narrative)


def cited_in(
    subject: ReportedSubject,
    alerts: Iterable[ReportedAlert],
    period: Period | None,
    amounts: Amounts,
    narrative: Iterable[Statement],
) -> Iterator[str]:
    """The ids of everything that these parts of a report cite, in order."""
    period_parts = () if period is None else (period,)
    money = (*(amounts.charges or ()), *amounts.transactions)
    for part in (*subject.facts, *alerts, *period_parts, *money, *narrative):
        yield from part.evidence_ids
