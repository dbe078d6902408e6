"""The columns of a case that its events change."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime

from casebook.policy.priority import PRIORITY
from casebook.projection.changes import Columns, Value
from contracts.report import SPECIALISTS
from contracts.severity import Severity


def all_pending() -> dict[str, str]:
    """The specialists of a round that begins."""
    return dict.fromkeys(SPECIALISTS, "pending")


@dataclass(kw_only=True)
class CaseHead:
    """The state of a case. Commands load it from its row, the audit folds it from the log."""

    state: str = "investigating"
    phase: str = "investigating"
    round: int = 1
    specialists: Mapping[str, str] = field(default_factory=all_pending)
    """Of the current round."""
    risk_score: float | None = None
    risk_level: str | None = None
    recommended_action: str | None = None
    outcome: str | None = None
    due_at: datetime | None = None
    disposition: str | None = None
    assignee: str | None = None
    claimed_at: datetime | None = None
    claim_expires_at: datetime | None = None
    assigned_to: str | None = None
    assigned_by: str | None = None
    assigned_at: datetime | None = None
    snoozed_until: datetime | None = None
    snoozed_by: str | None = None
    snoozed_until_activity: bool | None = None
    legal_hold_by: str | None = None
    legal_hold_since: datetime | None = None
    legal_hold_reason: str | None = None
    severity: str = ""
    """The worst of its alerts."""
    priority: int = 2
    alert_count: int = 1
    alert_changes: int = 0
    merged_into: str | None = None

    opened: Columns | None = field(default=None, init=False)
    """Columns that never change, once the event that opens the case is applied."""

    def columns(self) -> dict[str, Value]:
        """By their names."""
        return {name: getattr(self, name) for name in CHANGING}

    def move(self, state: str) -> None:
        """Its state, and what it shows of it. A closed case is nobody's to work on."""
        self.state = self.phase = state
        if state == "closed":
            self.assigned_to = self.assigned_by = self.assigned_at = None

    def start_over(self, round_number: int) -> None:
        """A later round: nothing is known in it yet."""
        self.round = round_number
        self.specialists = dict.fromkeys(self.specialists, "pending")
        self.risk_score = self.risk_level = self.recommended_action = None

    def show_specialist(self, round_number: int, specialist: str, state: str) -> None:
        """How far a specialist is, in the current round."""
        if round_number != self.round:
            return
        self.specialists = {**self.specialists, specialist: state}
        if self.state == "investigating":
            waiting = any(self.specialists[name] in {"pending", "running"} for name in SPECIALISTS)
            self.phase = "investigating" if waiting else "assessing"

    def show_judgement(self, round_number: int, score: float | None, level: str | None, action: str | None) -> None:
        """What was concluded, in the current round."""
        if round_number == self.round:
            self.risk_score, self.risk_level, self.recommended_action = score, level, action

    def take_alert(self, severity: Severity) -> None:
        """One more alert, which may be worse than those before it."""
        self.alert_count += 1
        self.alert_changes += 1
        if PRIORITY[severity] < self.priority:
            self.severity, self.priority = severity, PRIORITY[severity]

    def lose_alert(self, severity: Severity) -> None:
        """One alert less; `severity` is the worst of the others."""
        self.alert_count -= 1
        self.alert_changes += 1
        self.severity, self.priority = severity, PRIORITY[severity]

    def claim(self, subject: str, at: datetime, expires_at: datetime) -> None:
        """Somebody works on it: it is not snoozed any more."""
        self.end_snooze()
        self.assignee, self.claimed_at, self.claim_expires_at = subject, at, expires_at

    def end_claim(self) -> None:
        """Nobody does any more."""
        self.assignee = self.claimed_at = self.claim_expires_at = None

    def assign(self, subject: str | None, actor: str, at: datetime) -> None:
        """Whose it is from here on; None: anybody's."""
        self.assigned_to = subject
        self.assigned_by, self.assigned_at = (None, None) if subject is None else (actor, at)

    def snooze(self, subject: str, until: datetime, *, until_activity: bool) -> None:
        """It is left out of the queue: nobody works on it."""
        self.end_claim()
        self.snoozed_by, self.snoozed_until, self.snoozed_until_activity = subject, until, until_activity

    def end_snooze(self) -> None:
        """It is in the queue again."""
        self.snoozed_by = self.snoozed_until = self.snoozed_until_activity = None

    def note_activity(self, actor: str) -> None:
        """Somebody has added something to it."""
        if self.snoozed_until_activity and actor != self.snoozed_by:
            self.end_snooze()


CHANGING = tuple(each.name for each in fields(CaseHead) if each.init)
"""The columns of a case that events change."""
