"""The backend's client of the durable task scheduler."""

import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Literal, Protocol

import grpc
from durabletask.azuremanaged.client import AsyncDurableTaskSchedulerClient
from durabletask.client import OrchestrationQuery, OrchestrationState, OrchestrationStatus
from durabletask.grpc_options import GrpcChannelOptions
from durabletask.internal import orchestrator_service_pb2 as pb
from pydantic import ValidationError

from backend.services.durable_schedules import DurableSchedules, Schedules
from backend.services.errors import SchedulerUnavailable, StartRefused
from backend.services.hub_ownership import HubOwnership
from backend.services.scheduler_calls import Refused, answering
from contracts import ids
from contracts.base import Contract, UtcDateTime
from contracts.case import CaseProgress
from contracts.hub import HubOwner
from contracts.ids import parse_review_id
from contracts.kinds import kind_of
from contracts.kinds.reply import turn_instance
from contracts.names import (
    CHAT_TURN,
    CHAT_TURN_VERSION,
    HUB_OWNER,
    HUB_OWNER_INSTANCE,
    HUB_OWNER_VERSION,
    INVESTIGATION,
    INVESTIGATION_VERSION,
    REVERSAL,
    REVERSAL_VERSION,
    TASK_REMINDER,
    TASK_REMINDER_VERSION,
    analyst_decision,
)
from contracts.reversal import Reversal
from contracts.review import Decision
from contracts.steps import ChatTurnOrder, Investigation, ReminderOrder, ReversalOrder
from contracts.tasks import reminder_instance
from runtime.data_converter import PydanticDataConverter

RuntimeStatus = Literal["PENDING", "RUNNING", "COMPLETED", "FAILED", "TERMINATED", "SUSPENDED", "CONTINUED_AS_NEW"]

LISTING_TIMEOUT_S = 60.0
LISTED_AT_ONCE = 1_000
"""A page of ids: far below what a message may hold."""
PURGED_AT_ONCE = 100
"""Instances that are purged one by one before others are looked for."""
_GOING_ON = (
    OrchestrationStatus.PENDING,
    OrchestrationStatus.RUNNING,
    OrchestrationStatus.SUSPENDED,
    OrchestrationStatus.CONTINUED_AS_NEW,
)
_OVER = (OrchestrationStatus.COMPLETED, OrchestrationStatus.FAILED, OrchestrationStatus.TERMINATED)
# gRPC would otherwise wait up to two minutes before it tries again a scheduler that was down.
_CHANNEL = GrpcChannelOptions(
    raw_options=[
        ("grpc.initial_reconnect_backoff_ms", 200),
        ("grpc.min_reconnect_backoff_ms", 200),
        ("grpc.max_reconnect_backoff_ms", 2_000),
    ]
)


class InstanceUnknown(Exception):
    """The scheduler has no orchestration with this id."""

    def __init__(self, instance_id: str) -> None:
        super().__init__(f"The scheduler does not know the orchestration '{instance_id}'.")


class InstanceState(Contract):
    """The state of an orchestration in the scheduler."""

    name: str
    """Of which orchestration it is an instance."""
    runtime_status: RuntimeStatus
    custom_status: CaseProgress | None
    result: str | None
    created_at: UtcDateTime
    last_updated_at: UtcDateTime

    @property
    def is_over(self) -> bool:
        """Whether it has ended, in whatever way. It does only after its case or reversal has, by the record."""
        return self.runtime_status in {status.name for status in _OVER}


class Scheduler(Protocol):
    """The durable task scheduler. Every method raises SchedulerUnavailable when it does not answer.

    And TaskHubTaken where the hub holds the work of another casebook, whose cases may bear the same ids.
    """

    schedules: Schedules
    """What it does again and again."""

    async def start_investigation(self, case: str) -> None:
        """Start the investigation of a case; does nothing while one is running. An ended one is replaced.

        Raises StartRefused when trying it again is no use.
        """
        ...

    async def deliver(self, decision: Decision) -> None:
        """Raise the decision's external event. Raises InstanceUnknown."""
        ...

    async def wake(self, case: str, round_number: int) -> None:
        """Raise the event of a round without a decision: the case looks into its record. Raises InstanceUnknown."""
        ...

    async def resume(self, instance_id: str) -> None:
        """Let a suspended orchestration go on."""
        ...

    async def terminate(self, instance_id: str) -> None:
        """End an orchestration: it is over soon."""
        ...

    async def start_reversal(self, reversal: Reversal) -> None:
        """Have an approved reversal carried out; nothing happens when it was started before. Raises StartRefused."""
        ...

    async def start_turn(self, turn_id: str) -> None:
        """Have a message answered; does nothing while it is being answered. An ended orchestration is replaced.

        Raises StartRefused.
        """
        ...

    async def start_reminder(self, task_id: str, revision: int) -> None:
        """Have it told when a task is overdue; does nothing while that is running. An ended one is replaced.

        Raises StartRefused.
        """
        ...

    async def state_of(self, instance_id: str) -> InstanceState | None:
        """The state of the orchestration of a case or a reversal, or None when the scheduler does not know it."""
        ...

    async def living(self) -> frozenset[str]:
        """The ids of all orchestrations that have not ended."""
        ...

    async def purge_ended(self, before: datetime) -> int:
        """Forget orchestrations that ended before then, at most `PURGED_AT_ONCE`; how many."""
        ...

    async def probe(self) -> None:
        """Return if the scheduler answers."""
        ...


class DurableTaskScheduler:
    """`Scheduler` over gRPC: Azure Durable Task Scheduler, its emulator, or the local stand-in."""

    def __init__(self, client: AsyncDurableTaskSchedulerClient, taskhub: str, casebook_id: str) -> None:
        self._client = client
        self._hub = HubOwnership(taskhub, casebook_id, self._read_owner, self._mark)
        self.schedules: Schedules = DurableSchedules(client, self._hub.require_own, self._schedule)

    async def start_investigation(self, case: str) -> None:
        """Start the investigation of a case; a running instance counts as started, an ended one is replaced.

        The alert is on record, and so is where the case resumes: an alert of any size is no part of the order,
        and a case that is closed has nothing left to do.
        """
        await self._start(INVESTIGATION, INVESTIGATION_VERSION, case, Investigation(case_id=case), _OVER)

    async def start_reversal(self, reversal: Reversal) -> None:
        """Start the orchestration of an approved reversal; one that exists already counts as started."""
        order = ReversalOrder(case_id=reversal.case_id, reversal_id=reversal.reversal_id, undoes=reversal.undoes)
        await self._start(REVERSAL, REVERSAL_VERSION, reversal.reversal_id, order)

    async def start_turn(self, turn_id: str) -> None:
        """Start the orchestration of a turn; a running instance counts as started, an ended one is replaced."""
        order, instance = ChatTurnOrder(turn_id=turn_id), turn_instance(turn_id)
        await self._start(CHAT_TURN, CHAT_TURN_VERSION, instance, order, _OVER)

    async def start_reminder(self, task_id: str, revision: int) -> None:
        """Start the orchestration of a reminder; a running instance counts as started, an ended one is replaced."""
        order, instance = ReminderOrder(task_id=task_id, revision=revision), reminder_instance(task_id, revision)
        await self._start(TASK_REMINDER, TASK_REMINDER_VERSION, instance, order, _OVER)

    async def _start(
        self,
        orchestration: str,
        version: str,
        name: str,
        order: Contract,
        replaces: Sequence[OrchestrationStatus] = (),
    ) -> None:
        await self._hub.require_own()
        await self._schedule(orchestration, version, ids.instance_id(name), order, replaces)

    async def _mark(self, owner: HubOwner) -> None:
        try:
            await self._schedule(HUB_OWNER, HUB_OWNER_VERSION, HUB_OWNER_INSTANCE, owner)
        except StartRefused as refusal:
            # It says nothing against the case whose start is waiting for the mark.
            raise SchedulerUnavailable(refusal.reason) from refusal

    async def _read_owner(self) -> str | None:
        state = await self._read(HUB_OWNER_INSTANCE)
        # One without input is nobody's; it must not be taken for none.
        return None if state is None else state.serialized_input or ""

    async def _schedule(
        self,
        orchestration: str,
        version: str,
        instance_id: str,
        order: object,
        replaces: Sequence[OrchestrationStatus] = (),
    ) -> None:
        try:
            async with answering():
                await self._client.schedule_new_orchestration(
                    orchestration,
                    input=order,
                    instance_id=instance_id,
                    version=version,
                    reuse_id_policy=pb.OrchestrationIdReusePolicy(replaceableStatus=[each.value for each in replaces]),
                )
        except Refused as refusal:
            if refusal.code is grpc.StatusCode.ALREADY_EXISTS:
                return
            refused = StartRefused if refusal.is_final else SchedulerUnavailable
            raise refused(refusal.reason) from refusal

    async def deliver(self, decision: Decision) -> None:
        """Raise the event that the decision's round, and no other, waits for. It carries nothing: it only wakes."""
        case, round_number = parse_review_id(decision.review_id)
        await self._raise(case, round_number)

    async def wake(self, case: str, round_number: int) -> None:
        """Raise that event without a decision."""
        await self._raise(case, round_number)

    async def _raise(self, case: str, round_number: int) -> None:
        await self._hub.require_own()
        try:
            async with answering():
                await self._client.raise_orchestration_event(
                    kind_of(case).instance_id(case), analyst_decision(round_number)
                )
        except Refused as refusal:
            if refusal.code is grpc.StatusCode.NOT_FOUND:
                raise InstanceUnknown(case) from refusal
            raise SchedulerUnavailable(refusal.reason) from refusal

    async def resume(self, instance_id: str) -> None:
        """Let a suspended orchestration go on."""
        await self._tell(self._client.resume_orchestration(ids.instance_id(instance_id)))

    async def terminate(self, instance_id: str) -> None:
        """End an orchestration: it is over soon."""
        await self._tell(self._client.terminate_orchestration(ids.instance_id(instance_id)))

    async def _tell(self, call: Awaitable[None]) -> None:
        try:
            async with answering():
                await call
        except Refused as refusal:
            # An instance that does not exist any more needs no termination.
            if refusal.code is not grpc.StatusCode.NOT_FOUND:
                raise SchedulerUnavailable(refusal.reason) from refusal

    async def state_of(self, instance_id: str) -> InstanceState | None:
        """The state of an orchestration, or None."""
        await self._hub.require_own()
        state = await self._read(ids.instance_id(instance_id))
        return None if state is None else _read_state(state)

    async def _read(self, instance_id: str) -> OrchestrationState | None:
        try:
            async with answering():
                return await self._client.get_orchestration_state(instance_id)
        except Refused as refusal:
            if refusal.code is grpc.StatusCode.NOT_FOUND:
                return None
            raise SchedulerUnavailable(refusal.reason) from refusal
        except (ValueError, OverflowError) as fault:
            # Times that are none, for example.
            raise SchedulerUnavailable(f"what it says of '{instance_id}' cannot be read") from fault

    async def living(self) -> frozenset[str]:
        """The ids of all orchestrations of cases and reversals that have not ended, read a page at a time."""
        await self._hub.require_own()
        query = OrchestrationQuery(runtime_status=[*_GOING_ON], max_instance_count=LISTED_AT_ONCE)
        try:
            async with answering(LISTING_TIMEOUT_S):
                states = await self._client.get_all_orchestration_states(query)
        except Refused as refusal:
            raise SchedulerUnavailable(refusal.reason) from refusal
        return frozenset(state.instance_id for state in states) - {HUB_OWNER_INSTANCE}

    async def purge_ended(self, before: datetime) -> int:
        """Forget orchestrations that ended before then. All that outlives them is in the casebook."""
        await self._hub.require_own()
        try:
            async with answering(LISTING_TIMEOUT_S):
                page = await self._client.list_instance_ids(
                    [*_OVER], completed_time_to=before, page_size=PURGED_AT_ONCE
                )
            purged = 0
            for instance_id in {*page.items[:PURGED_AT_ONCE]} - {HUB_OWNER_INSTANCE}:
                async with answering():
                    purged += (await self._client.purge_orchestration(instance_id)).deleted_instance_count
        except Refused as refusal:
            if refusal.code is grpc.StatusCode.UNIMPLEMENTED:
                # It has a retention of its own.
                return 0
            raise SchedulerUnavailable(refusal.reason) from refusal
        return purged

    async def probe(self) -> None:
        """Return if the scheduler answers, and the hub is marked as this casebook's."""
        await self._hub.look()


@asynccontextmanager
async def open_scheduler(endpoint: str, taskhub: str, casebook_id: str) -> AsyncGenerator[DurableTaskScheduler]:
    """A scheduler client that is closed on leaving. `https://` endpoints get a managed identity's token.

    Connects to nothing yet, so the scheduler may come up later.
    """
    secure = endpoint.lower().startswith("https://")
    async with AsyncExitStack() as stack:
        credential = None
        if secure:
            from azure.identity.aio import DefaultAzureCredential

            credential = await stack.enter_async_context(DefaultAzureCredential())
        client = AsyncDurableTaskSchedulerClient(
            host_address=endpoint,
            taskhub=taskhub,
            token_credential=credential,
            secure_channel=secure,
            channel_options=_CHANNEL,
            data_converter=PydanticDataConverter(),
            logger=_quiet_logger(),
        )
        stack.push_async_callback(client.close)
        yield DurableTaskScheduler(client, taskhub, casebook_id)


def _quiet_logger() -> logging.Logger:
    # The client logs every call; what it achieved is logged here, with the case's id.
    logger = logging.getLogger("casewright.scheduler.client")
    logger.setLevel(logging.WARNING)
    return logger


def _read_state(state: OrchestrationState) -> InstanceState:
    return InstanceState(
        name=state.name,
        runtime_status=_runtime_status(state),
        custom_status=_progress(state),
        result=_result(state),
        created_at=_utc(state.created_at),
        last_updated_at=_utc(state.last_updated_at),
    )


def _runtime_status(state: OrchestrationState) -> RuntimeStatus:
    return state.runtime_status.name


def _progress(state: OrchestrationState) -> CaseProgress | None:
    if not state.serialized_custom_status:
        return None
    try:
        return CaseProgress.model_validate_json(state.serialized_custom_status)
    except ValidationError:
        # Written by another release; the case itself is in the casebook.
        return None


def _result(state: OrchestrationState) -> str | None:
    if state.failure_details is not None:
        return state.failure_details.message
    said = state.serialized_output or ""
    try:
        output = json.loads(said) if said else None
    except (ValueError, RecursionError):
        # Whoever terminates an orchestration may say anything, JSON or not.
        output = said
    text = output if output is None or isinstance(output, str) else said
    # JSON may name halves of characters, which no text holds.
    return text if text is None else text.encode(errors="replace").decode()


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
