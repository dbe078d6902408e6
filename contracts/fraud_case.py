"""A case about what looks like fraud: its alerts, its investigation, what was done."""

from typing import Literal

from contracts.alert import Alert
from contracts.assessment import RiskAssessment
from contracts.base import Contract, UtcDateTime
from contracts.case import CaseView, Round
from contracts.effect import Effect, EffectOrder
from contracts.ids import CaseId
from contracts.report import SpecialistReport
from contracts.reversal import Reversal


class RecordedAlert(Contract):
    """An alert, and the case that it opened or joined."""

    alert: Alert
    case_id: CaseId
    recorded_at: UtcDateTime
    recorded_by: str | None
    """The person who raised it by hand; null when a rule did."""


class CaseAlert(RecordedAlert):
    """An alert of one case."""

    round: int | None
    """The first round that investigates it; null while none does."""
    moved_to: CaseId | None = None
    """The case that has it now, where people merged or detached it."""


class InvestigatedRound(Round):
    """One round of an investigation: what was found, what was concluded and what a person said to it."""

    reports: tuple[SpecialistReport, ...]
    assessment: RiskAssessment | None = None


class FraudCaseView(CaseView):
    """A case of fraud as its page shows it. `reports` and `assessment` are those of the current round."""

    kind: Literal["fraud"] = "fraud"
    alert: Alert
    """The one that opened it: the first of `alerts`."""
    alerts: tuple[CaseAlert, ...]
    """All of them, in the order in which they came."""
    follows: CaseId | None
    """The customer's case before it, which could not take its alert."""
    followed_by: tuple[CaseId, ...]
    """Cases of the customer that were opened because this one could not take their alerts, oldest first."""
    merged_into: CaseId | None = None
    """The case that it has become a part of."""
    reports: tuple[SpecialistReport, ...]
    assessment: RiskAssessment | None
    earlier_rounds: tuple[InvestigatedRound, ...]
    effects: tuple[Effect, ...]
    reversals: tuple[Reversal, ...] = ()
    """Requests to reverse effects, oldest first."""
    also_locked_by: tuple[CaseId, ...] = ()
    """Other cases whose approved lock of this customer's account is active, oldest first: reversing this case's lock
    leaves theirs."""
    other_locks: tuple[EffectOrder, ...] = ()
    """The same, with who approved each and since when."""
