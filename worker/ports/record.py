"""The port of the case record: the casebook's facade for workers."""

from collections.abc import Sequence
from typing import Protocol

from casebook.chat_api import ChatApi as ChatRecord
from casebook.commands.effects import ApprovedAction as Approved
from casebook.schedules_api import SchedulesApi as ScheduleRecord
from casebook.tasks_api import TasksApi as TaskRecord
from casebook.worker_api import WorkerApi as CaseRecord
from contracts.journal import JournalEntry
from contracts.report import Spend

__all__ = [
    "Approved",
    "CaseRecord",
    "ChatRecord",
    "Journal",
    "ScheduleRecord",
    "SpendLedger",
    "TaskRecord",
    "TurnSpend",
]


class Journal(Protocol):
    """What agents have already done and paid for, by case and key."""

    def save_journal(self, case_id: str, entries: Sequence[JournalEntry]) -> None:
        """Keep them all; the first under a key counts, and with it what it cost."""
        ...


class SpendLedger(Protocol):
    """What models have cost, as far as it is recorded."""

    def spent_on_case(self, case_id: str) -> Spend:
        """All rounds and agents together. `cost_usd` counts the calls whose price is known."""
        ...

    def spent_today(self) -> Spend:
        """All cases of the current UTC day together. `cost_usd` counts the calls whose price is known."""
        ...


class TurnSpend:
    """What models have cost in one turn; a day's budget is that of cases and turns together."""

    def __init__(self, chat: ChatRecord, cases: SpendLedger) -> None:
        self._chat = chat
        self._cases = cases

    def spent_on_case(self, case_id: str) -> Spend:
        """By the turn's id."""
        return self._chat.spent_on_turn(case_id)

    def spent_today(self) -> Spend:
        """All cases and turns of the current UTC day."""
        return self._cases.spent_today()
