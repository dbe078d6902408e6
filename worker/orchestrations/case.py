"""What all steps of one investigation share: its case, its policy, its custom status."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from durabletask import task

from contracts.actions import EffectAction
from contracts.case import CaseOutcome, CaseProgress, Phase, SpecialistState
from contracts.report import SPECIALISTS, Specialist
from worker.domain.lifecycle import refuse_illegal


class CaseStatus:
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

    def transition(self, phase: Phase, *, round_number: int | None = None, outcome: CaseOutcome | None = None) -> None:
        """Move the case to `phase`. Raises IllegalMove."""
        refuse_illegal(self._shown.phase, phase)
        changes = {"phase": phase, "round": round_number or self._shown.round, "outcome": outcome}
        self._show(self._shown.model_copy(update=changes))

    def show_question(self, phase: Phase) -> None:
        """Who is asked, by the record: what was shown before may never have been so."""
        self._show(self._shown.model_copy(update={"phase": phase}))

    def resume(self, round_number: int) -> None:
        """A failed case resumes with the question of this round, whatever its phase was."""
        self._show(CaseProgress(phase="awaiting_review", round=round_number, specialists={}))

    def show_closed(self, outcome: CaseOutcome) -> None:
        """The case is closed, wherever it stood: what made it fail may have spoiled the lifecycle, too."""
        self._show(self._shown.model_copy(update={"phase": "closed", "outcome": outcome}))

    def _show(self, progress: CaseProgress) -> None:
        self._shown = progress
        self._ctx.set_custom_status(progress)


@dataclass
class OpenCase:
    """One investigation under way."""

    case_id: str
    max_review_attempts: int
    reconcile_hours: float | None
    status: CaseStatus
    done: set[EffectAction] = field(default_factory=set[EffectAction])
    """What was done in the customer's account, by whichever round's approval."""
    rejections: int = 0
    """How many assessments were rejected so far."""


def now(ctx: task.OrchestrationContext) -> datetime:
    """The orchestration's own time, which is the same on every replay, in UTC."""
    return ctx.current_utc_datetime.replace(tzinfo=UTC)
