"""A scheduler that does as the test says."""

import asyncio
from dataclasses import dataclass, field
from datetime import date, datetime

from backend.services.durable_schedules import Operation, Schedules, ScheduleSight
from backend.services.errors import SchedulerUnavailable, StartRefused, TaskHubTaken
from backend.services.scheduler import InstanceState, InstanceUnknown, RuntimeStatus
from contracts.case import CaseProgress
from contracts.ids import parse_review_id
from contracts.kinds.reply import turn_instance
from contracts.names import CHAT_TURN, INVESTIGATION, REVERSAL, TASK_REMINDER
from contracts.reversal import Reversal
from contracts.review import Decision
from contracts.schedules import ScheduleId
from contracts.tasks import reminder_instance
from tests.unit.casebook.builders import NOON


def instance_state(
    phase: str,
    round_number: int = 1,
    status: RuntimeStatus = "RUNNING",
    result: str | None = None,
    name: str = INVESTIGATION,
) -> InstanceState:
    progress = CaseProgress.model_validate({"phase": phase, "round": round_number})
    return InstanceState(
        name=name,
        runtime_status=status,
        custom_status=progress,
        result=result,
        created_at=NOON,
        last_updated_at=NOON,
    )


@dataclass
class FakeSchedules:
    """Schedules in memory: what is ordered is done at once while a worker is there, as the SDK's entity does it."""

    scheduler: "FakeScheduler"
    sight: ScheduleSight | None = None
    has_worker: bool = True
    orders: list[Operation] = field(default_factory=list[Operation])
    runs: list[date] = field(default_factory=list[date])

    async def look(self, schedule_id: ScheduleId) -> ScheduleSight | None:
        await self.scheduler.probe()
        return self.sight

    async def order(self, schedule_id: ScheduleId, operation: Operation) -> None:
        await self.scheduler.probe()
        self.orders.append(operation)
        if self.has_worker:
            was_paused = self.sight is not None and self.sight.is_paused
            is_paused = {"pause_schedule": True, "resume_schedule": False}.get(operation, was_paused)
            self.sight = ScheduleSight(is_paused, is_as_planned=True)

    async def run_again(self, schedule_id: ScheduleId, day: date) -> None:
        await self.scheduler.probe()
        self.runs.append(day)


@dataclass
class FakeScheduler:
    """A scheduler in memory; can be unreachable, lose its state, and refuse single cases."""

    reachable: bool = True
    refuses: set[str] = field(default_factory=set[str])
    never_starts: set[str] = field(default_factory=set[str])
    """What it refuses to start for good."""
    hub_owner: str | None = None
    """Whose work its task hub holds instead of ours."""
    unreadable: set[str] = field(default_factory=set[str])
    """Of what the state cannot be read."""
    attempts: list[str] = field(default_factory=list[str])
    instances: dict[str, InstanceState] = field(default_factory=dict[str, InstanceState])
    starts: list[str] = field(default_factory=list[str])
    reversals: list[Reversal] = field(default_factory=list[Reversal])
    delivered: list[Decision] = field(default_factory=list[Decision])
    woken: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    looked_at: list[str] = field(default_factory=list[str])
    received: asyncio.Event = field(default_factory=asyncio.Event)
    refused: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.keeps = FakeSchedules(self)
        self.schedules: Schedules = self.keeps

    async def start_investigation(self, case: str) -> None:
        self._answer(case)
        if case in self.never_starts:
            raise StartRefused("INVALID_ARGUMENT: its id is too long")
        known = self.instances.get(case)
        if known is None or known.runtime_status in ("COMPLETED", "FAILED", "TERMINATED"):
            self.starts.append(case)
            self.instances[case] = instance_state("investigating")
        self.received.set()

    async def start_reversal(self, reversal: Reversal) -> None:
        self._answer(reversal.reversal_id)
        if reversal.reversal_id in self.never_starts:
            raise StartRefused("INVALID_ARGUMENT: its id is too long")
        if reversal.reversal_id not in self.instances:
            self.reversals.append(reversal)
            self.instances[reversal.reversal_id] = instance_state("acting", name=REVERSAL)
        self.received.set()

    async def start_turn(self, turn_id: str) -> None:
        self._answer(turn_id)
        instance = turn_instance(turn_id)
        known = self.instances.get(instance)
        if known is None or known.runtime_status in ("COMPLETED", "FAILED", "TERMINATED"):
            self.starts.append(instance)
            self.instances[instance] = instance_state("investigating", name=CHAT_TURN)
        self.received.set()

    async def start_reminder(self, task_id: str, revision: int) -> None:
        instance = reminder_instance(task_id, revision)
        self._answer(instance)
        known = self.instances.get(instance)
        if known is None or known.runtime_status in ("COMPLETED", "FAILED", "TERMINATED"):
            self.starts.append(instance)
            self.instances[instance] = instance_state("investigating", name=TASK_REMINDER)
        self.received.set()

    async def deliver(self, decision: Decision) -> None:
        case, _ = parse_review_id(decision.review_id)
        self._answer(case)
        if case not in self.instances:
            raise InstanceUnknown(case)
        self.delivered.append(decision)
        self.received.set()

    async def wake(self, case: str, round_number: int) -> None:
        self._answer(case)
        self.woken.append((case, round_number))

    async def purge_ended(self, before: datetime) -> int:
        self._answer()
        over = [
            name
            for name, state in self.instances.items()
            if state.runtime_status in ("COMPLETED", "FAILED", "TERMINATED") and state.last_updated_at < before
        ]
        for name in over:
            del self.instances[name]
        return len(over)

    async def resume(self, instance_id: str) -> None:
        self._answer(instance_id)
        self.instances[instance_id] = self.instances[instance_id].model_copy(update={"runtime_status": "RUNNING"})

    async def terminate(self, instance_id: str) -> None:
        self._answer(instance_id)
        self.instances[instance_id] = self.instances[instance_id].model_copy(update={"runtime_status": "TERMINATED"})

    async def state_of(self, instance_id: str) -> InstanceState | None:
        self._answer()
        self.looked_at.append(instance_id)
        if instance_id in self.unreadable:
            raise RecursionError("maximum recursion depth exceeded")
        return self.instances.get(instance_id)

    async def living(self) -> frozenset[str]:
        self._answer()
        going_on = ("PENDING", "RUNNING", "SUSPENDED", "CONTINUED_AS_NEW")
        return frozenset(case for case, state in self.instances.items() if state.runtime_status in going_on)

    async def probe(self) -> None:
        self._answer()

    def _answer(self, case: str | None = None) -> None:
        if case is not None:
            self.attempts.append(case)
        if not self.reachable:
            self.refused.set()
            raise SchedulerUnavailable("nothing answers at its address")
        if self.hub_owner is not None:
            raise TaskHubTaken("desk", self.hub_owner, "ours")
        if case in self.refuses:
            raise SchedulerUnavailable("INTERNAL: it cannot be read")
