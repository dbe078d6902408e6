"""Schedules in the durable task scheduler: the SDK's own entity and orchestration, `durabletask.scheduled`."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal, NamedTuple, Protocol, TypeAlias

from durabletask.azuremanaged.client import AsyncDurableTaskSchedulerClient
from durabletask.client import OrchestrationStatus
from durabletask.entities import EntityInstanceId, EntityMetadata
from durabletask.scheduled import ScheduleCreationOptions, ScheduleStatus, ScheduleUpdateOptions
from durabletask.scheduled.models import ScheduleConfiguration, ScheduleState
from durabletask.scheduled.orchestrator import ScheduleOperationRequest, execute_schedule_operation_orchestrator
from durabletask.scheduled.schedule_entity import ENTITY_NAME

from backend.services.errors import SchedulerUnavailable
from backend.services.scheduler_calls import Refused, answering
from contracts.names import COUNT_RESET, COUNT_RESET_VERSION
from contracts.schedules import RESET_COUNTS, ScheduleId

Operation: TypeAlias = Literal["create_schedule", "update_schedule", "pause_schedule", "resume_schedule"]
"""The operations of the SDK's schedule entity."""
Start: TypeAlias = Callable[[str, str, str, object, Sequence[OrchestrationStatus]], Awaitable[None]]
"""Starts an orchestration: its name, version, id and input, and which ended instances of that id it replaces."""

OPERATION_VERSION = "1.0"
EVERY = timedelta(days=1)
FIRST_MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)
"""Runs are due whole days after it."""
ORCHESTRATIONS: dict[ScheduleId, tuple[str, str]] = {RESET_COUNTS: (COUNT_RESET, COUNT_RESET_VERSION)}
"""Which orchestration does what a schedule does, and its version."""
LATE = timedelta(minutes=2)
"""After that time somebody looks what has become of a run."""
_ENDED = (OrchestrationStatus.COMPLETED, OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED)


class ScheduleSight(NamedTuple):
    """A schedule as the scheduler has it."""

    is_paused: bool
    is_as_planned: bool
    """Whether it starts what it should, at the times at which it should."""
    is_waiting: bool = True
    """Whether it waits for its next run, or is paused; False: nothing wakes it any more, or no worker is there."""


class Schedules(Protocol):
    """What the scheduler does again and again. Every method raises SchedulerUnavailable, TaskHubTaken."""

    async def look(self, schedule_id: ScheduleId) -> ScheduleSight | None:
        """A schedule as it is, or None where the scheduler has none that can be read."""
        ...

    async def order(self, schedule_id: ScheduleId, operation: Operation) -> None:
        """Have an operation done, as soon as a worker is there; nothing happens while the same one is being done."""
        ...

    async def run_again(self, schedule_id: ScheduleId, day: date) -> None:
        """Start a run of a day that should have been long ago; does nothing while one is going on."""
        ...


class DurableSchedules:
    """`Schedules` over gRPC."""

    def __init__(
        self, client: AsyncDurableTaskSchedulerClient, require_own: Callable[[], Awaitable[None]], start: Start
    ) -> None:
        """`require_own` raises TaskHubTaken where the hub is another casebook's."""
        self._client = client
        self._require_own = require_own
        self._start = start

    async def look(self, schedule_id: ScheduleId) -> ScheduleSight | None:
        """A schedule as it is, or None where the scheduler has none that can be read."""
        await self._require_own()
        try:
            async with answering():
                found = await self._client.get_entity(_entity(schedule_id), include_state=True)
        except Refused as refusal:
            raise SchedulerUnavailable(refusal.reason) from refusal
        state = None if found is None else _read_state(found)
        if state is None or state.status == ScheduleStatus.UNINITIALIZED:
            return None
        # The SDK leaves what it cannot read as it is.
        configuration: object = state.schedule_configuration
        if not isinstance(configuration, ScheduleConfiguration):
            return None
        is_paused = state.status == ScheduleStatus.PAUSED
        return ScheduleSight(is_paused, _is_planned(schedule_id, configuration), is_paused or _is_waiting(state))

    async def order(self, schedule_id: ScheduleId, operation: Operation) -> None:
        """Start the SDK's orchestration of an operation, under an id of its own: one at a time."""
        await self._require_own()
        request = ScheduleOperationRequest(str(_entity(schedule_id)), operation, _input(schedule_id, operation))
        instance_id = f"schedule-{schedule_id}-{operation}"
        name = execute_schedule_operation_orchestrator.__name__
        await self._start(name, OPERATION_VERSION, instance_id, request, _ENDED)

    async def run_again(self, schedule_id: ScheduleId, day: date) -> None:
        """Start what the schedule starts, under an id of the day."""
        await self._require_own()
        name, version = ORCHESTRATIONS[schedule_id]
        await self._start(name, version, f"{schedule_id}-{day.isoformat()}-again", None, _ENDED)


def _entity(schedule_id: ScheduleId) -> EntityInstanceId:
    return EntityInstanceId(ENTITY_NAME, schedule_id)


def _read_state(found: EntityMetadata) -> ScheduleState | None:
    try:
        state: object = found.get_typed_state(ScheduleState)
    except ValueError:
        return None
    return state if isinstance(state, ScheduleState) else None


def _is_waiting(state: ScheduleState) -> bool:
    # One that was changed just now has no next run yet.
    at = state.next_run_at or state.schedule_last_modified_at
    if at is None:
        return False
    return datetime.now(UTC) - (at if at.tzinfo else at.replace(tzinfo=UTC)) < LATE


def _input(schedule_id: ScheduleId, operation: Operation) -> ScheduleCreationOptions | ScheduleUpdateOptions | None:
    name, _ = ORCHESTRATIONS[schedule_id]
    match operation:
        case "create_schedule":
            return ScheduleCreationOptions(schedule_id, name, EVERY, start_at=FIRST_MIDNIGHT)
        case "update_schedule":
            return ScheduleUpdateOptions(name, start_at=FIRST_MIDNIGHT, interval=EVERY)
        case _:
            return None


def _is_planned(schedule_id: ScheduleId, found: ScheduleConfiguration) -> bool:
    name, _ = ORCHESTRATIONS[schedule_id]
    return (found.orchestration_name, found.interval, found.start_at) == (name, EVERY, FIRST_MIDNIGHT)
