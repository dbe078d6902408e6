"""The case record, as the worker's activities need it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from contracts.assessment import RiskAssessment
from contracts.brief import CaseBrief
from contracts.case import CaseOutcome
from contracts.effect import Effect, EffectTerms
from contracts.investigation import CaseStanding, Closing, Escalation, InvestigationPolicy, ReviewOpening
from contracts.journal import JournalEntry, Standing
from contracts.report import Evidence, Specialist, SpecialistReport, Spend
from contracts.reversal import Reversal
from contracts.review import Decision, ReviewRequest


class Journal(Protocol):
    """What agents have already done and paid for, by case and key."""

    def keep_journal(self, case_id: str, entries: Sequence[JournalEntry]) -> None:
        """Keep them all; the first under a key counts, and with it what it cost."""
        ...


class Approved(Protocol):
    """What a person approved, on whom and on what."""

    @property
    def customer_id(self) -> int: ...
    @property
    def assessment(self) -> RiskAssessment: ...
    @property
    def decision(self) -> Decision: ...


class CaseRecord(Journal, Protocol):
    """One transaction per method. Repeating a write changes nothing; an error means that nothing was written."""

    def brief(self, case_id: str, round: int) -> CaseBrief:  # noqa: A002 - the casebook's own word
        """What is on record of a case as of one round."""
        ...

    def take_up(self, case_id: str) -> CaseStanding | CaseOutcome | None:
        """The outcome of a closed case, where one that broke goes on, or None for one that begins."""
        ...

    def note_other_alert(self, case_id: str) -> None:
        """Count that the case was to be investigated on another alert than its own."""
        ...

    def start_round(self, case_id: str, round: int, policy: InvestigationPolicy | None = None) -> None:  # noqa: A002
        """Begin a round with all specialists pending; with the first, `policy` is what the case is judged by."""
        ...

    def start_specialist(
        self,
        case_id: str,
        round: int,  # noqa: A002
        specialist: Specialist,
    ) -> Standing[SpecialistReport]:
        """Show a specialist as running, unless its report is kept; and what it has done so far."""
        ...

    def save_report(
        self,
        case_id: str,
        report: SpecialistReport,
        evidence: Sequence[Evidence],
        journal: Sequence[JournalEntry] = (),
    ) -> SpecialistReport:
        """Keep a report with the end of its journal; the first of its round and specialist counts and is returned."""
        ...

    def start_assessment(self, case_id: str, round: int) -> Standing[RiskAssessment]:  # noqa: A002
        """The assessment that is kept, or what the aggregator has done for it so far."""
        ...

    def save_assessment(
        self, case_id: str, assessment: RiskAssessment, journal: Sequence[JournalEntry] = ()
    ) -> RiskAssessment:
        """Keep an assessment with the end of its journal; the first of its round counts and is returned."""
        ...

    def open_review(self, opening: ReviewOpening) -> ReviewRequest:
        """Ask a person; the first review of a round counts and is returned."""
        ...

    def asked_review(self, case_id: str, review_id: str) -> ReviewRequest:
        """A question as it was put. Refuses when nobody was asked."""
        ...

    def escalate(self, escalation: Escalation) -> Decision | None:
        """Pass the open review on. A decision that came first is returned and stands."""
        ...

    def expire_review(self, case_id: str, review_id: str) -> Decision | None:
        """Stop asking. A decision that came first is returned and stands."""
        ...

    def accepted_decision(self, case_id: str, review_id: str, *, announced: int = 1) -> Decision | None:
        """The answer that was accepted on this review, or None; then so many announcements of one are counted.

        Refuses when nobody was asked that.
        """
        ...

    def remind(self, case_id: str, review_id: str, at: datetime) -> None:
        """Note that those who could decide are reminded. Changes nothing once the review is no longer open."""
        ...

    def note_changed_facts(self, case_id: str, round: int, changes: Sequence[str]) -> tuple[str, ...]:  # noqa: A002
        """Note why what was approved in this round is not carried out; what is on record. Refuses without changes."""
        ...

    def evidence(self, case_id: str, evidence_id: str) -> Evidence:
        """One recorded tool call, word for word."""
        ...

    def evidence_of(self, case_id: str, evidence_ids: Sequence[str]) -> tuple[Evidence, ...]:
        """Several recorded tool calls, in this order."""
        ...

    def approved_action(self, case_id: str, review_id: str) -> Approved:
        """What the accepted decision on this review approves. Refuses when there is none."""
        ...

    def effects_of(self, case_id: str) -> tuple[Effect, ...]:
        """What has begun or is done in the case, by whichever round's approval, the oldest first."""
        ...

    def start_effect(self, case_id: str, effect: Effect, terms: EffectTerms | None = None) -> None:
        """Note that an effect is about to happen with these terms. Refuses what no accepted decision approves."""
        ...

    def finish_effect(self, case_id: str, effect: Effect) -> None:
        """Note what came of an effect; `done` is final."""
        ...

    def approved_reversal(self, case_id: str, reversal_id: str, *, undoes: str) -> Reversal:
        """An approved reversal as it is on record. Refuses one that nobody approved, or of another effect."""
        ...

    def start_reversal(self, case_id: str, reversal_id: str, effect: Effect) -> None:
        """Note that an approved reversal is about to happen. Refuses one that nobody approved."""
        ...

    def finish_reversal(self, case_id: str, reversal_id: str, effect: Effect) -> None:
        """Note what came of a reversal; `done` is final."""
        ...

    def close_case(self, closing: Closing) -> None:
        """Close the case for good."""
        ...


class SpendLedger(Protocol):
    """What models have cost, as far as it is recorded."""

    def spent_on_case(self, case_id: str) -> Spend:
        """All rounds and agents together. `cost_usd` counts the calls whose price is known."""
        ...

    def spent_today(self) -> Spend:
        """All cases of the current UTC day together. `cost_usd` counts the calls whose price is known."""
        ...
