"""What every step of one investigation shares: its order, its limits, and what its custom status shows."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from durabletask import task

from contracts.alert import Alert, Severity
from contracts.assessment import EffectAction
from contracts.case import CaseOutcome, CaseProgress, Phase, SpecialistState
from contracts.investigation import InvestigationPolicy
from contracts.report import SPECIALISTS, Specialist
from worker.domain.lifecycle import refuse_illegal


class ProgressBoard:
    """Shows the case's progress as the orchestration's custom status, and holds it to the lifecycle."""

    def __init__(self, ctx: task.OrchestrationContext) -> None:
        self._ctx = ctx
        self._shown = CaseProgress(phase="investigating", round=1, specialists={})

    @property
    def round(self) -> int:
        """The round that is shown."""
        return self._shown.round

    def start_round(self, round_number: int) -> None:
        """A round begins: nothing is known yet."""
        refuse_illegal(self._shown.phase, "investigating")
        self._show(
            CaseProgress(phase="investigating", round=round_number, specialists=dict.fromkeys(SPECIALISTS, "running"))
        )

    def finish_specialist(self, specialist: Specialist, state: SpecialistState) -> None:
        """One specialist is done, the others may be running."""
        self._show(self._shown.model_copy(update={"specialists": {**self._shown.specialists, specialist: state}}))

    def rate(self, score: float | None) -> None:
        """The overall score of the round, once it is known."""
        self._show(self._shown.model_copy(update={"score": score}))

    def enter(self, phase: Phase, *, round_number: int | None = None, outcome: CaseOutcome | None = None) -> None:
        """The case goes on to `phase`. Raises IllegalMove."""
        refuse_illegal(self._shown.phase, phase)
        changes = {"phase": phase, "round": round_number or self._shown.round, "outcome": outcome}
        self._show(self._shown.model_copy(update=changes))

    def show_question(self, phase: Phase) -> None:
        """Who is asked, by the record: what was shown before may never have been so."""
        self._show(self._shown.model_copy(update={"phase": phase}))

    def take_up(self, round_number: int) -> None:
        """A case that broke goes on with what a person is asked in this round, wherever it stood before."""
        self._show(CaseProgress(phase="awaiting_review", round=round_number, specialists={}))

    def show_closed(self, outcome: CaseOutcome) -> None:
        """The case is closed, wherever it stood: what broke it may have broken the lifecycle, too."""
        self._show(self._shown.model_copy(update={"phase": "closed", "outcome": outcome}))

    def _show(self, progress: CaseProgress) -> None:
        self._shown = progress
        self._ctx.set_custom_status(progress)


_RELEASES = ("1.0", "1.1", "1.2", "1.3")
"""Every version that an open case may have, the oldest first."""


@dataclass(frozen=True)
class Features:
    """What this case does that cases of earlier versions do not.

    A case keeps to the version that it began with, so that its history can be replayed: every step that a later
    version added asks here first, and nowhere else.
    """

    terms: bool
    """1.1: deadlines come from the calendar and the severity, with reminders and four eyes."""
    fact_checks: bool
    """1.1: what an approval relied on is checked again before anything happens."""
    reconciliation: bool
    """1.1: an effect in doubt is looked up until it is known, for a limited time."""

    single_steps: bool
    """1.2: the case begins with its first round in one step, and a review is scheduled and opened in one."""

    recorded_decisions: bool
    """1.3: an event only wakes the case; what was decided is read from the casebook."""
    refusals_asked_again: bool
    """1.3: an effect that the store refused because the facts changed goes back to a person."""
    from_record: bool
    """1.3: the steps read the alert from the casebook, whatever its size: it is in no history."""
    handed_over: bool
    """1.3: what breaks goes to a person; the orchestration that goes on begins where the record says."""

    @staticmethod
    def of(version: str | None) -> "Features":
        """Those of an investigation that was scheduled with `version`; None and 1.0 have none."""
        since = _RELEASES.index(version) if version in _RELEASES else 0 if not version else len(_RELEASES)
        return Features(
            terms=since >= _RELEASES.index("1.1"),
            fact_checks=since >= _RELEASES.index("1.1"),
            reconciliation=since >= _RELEASES.index("1.1"),
            single_steps=since >= _RELEASES.index("1.2"),
            recorded_decisions=since >= _RELEASES.index("1.3"),
            refusals_asked_again=since >= _RELEASES.index("1.3"),
            from_record=since >= _RELEASES.index("1.3"),
            handed_over=since >= _RELEASES.index("1.3"),
        )


@dataclass(frozen=True)
class OpenCase:
    """One investigation under way."""

    case_id: str
    customer_id: int
    severity: Severity
    alert: Alert | None
    """None where steps read it from the record: since 1.3."""
    policy: InvestigationPolicy
    board: ProgressBoard
    features: Features
    done: set[EffectAction] = field(default_factory=set[EffectAction])
    """What was done in the customer's account, by whichever round's approval."""


def now(ctx: task.OrchestrationContext) -> datetime:
    """The orchestration's own time, which is the same on every replay, in UTC."""
    return ctx.current_utc_datetime.replace(tzinfo=UTC)
