"""What an orchestrator's actions mean."""

import durabletask.internal.orchestrator_service_pb2 as pb
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import StringValue

from local.scheduler.protocol.actions import read_actions
from local.scheduler.protocol.wire import NEW_EVENTS, PAST_EVENTS, frame, join_events, micros, split_events, timestamp
from local.scheduler.store.rows import Status

NOW = 1_700_000_000_123_456


def test_a_scheduled_task_is_confirmed_with_everything_it_carries() -> None:
    action = pb.OrchestratorAction(
        id=7,
        scheduleTask=pb.ScheduleTaskAction(
            name="step",
            version=StringValue(value="2"),
            input=StringValue(value="1"),
            tags={"k": "v"},
            parentTraceContext=pb.TraceContext(traceParent="t"),
        ),
    )
    outcome = read_actions([action], NOW)
    event = outcome.confirmations[0]
    assert (event.eventId, micros(event.timestamp)) == (7, NOW)
    scheduled = event.taskScheduled
    assert (scheduled.name, scheduled.version.value, scheduled.input.value) == ("step", "2", "1")
    assert (dict(scheduled.tags), scheduled.parentTraceContext.traceParent) == ({"k": "v"}, "t")
    assert outcome.activities == [(7, action.scheduleTask)]
    assert not outcome.ends
    assert not outcome.continues


def test_an_empty_input_is_not_the_same_as_none() -> None:
    absent = pb.OrchestratorAction(id=1, scheduleTask=pb.ScheduleTaskAction(name="a"))
    empty = pb.OrchestratorAction(id=2, scheduleTask=pb.ScheduleTaskAction(name="a", input=StringValue(value="")))
    first, second = read_actions([absent, empty], NOW).confirmations
    assert not first.taskScheduled.HasField("input")
    assert second.taskScheduled.HasField("input")


def test_completing_is_not_confirmed_but_ends_the_execution() -> None:
    done = pb.CompleteOrchestrationAction(
        orchestrationStatus=pb.ORCHESTRATION_STATUS_COMPLETED, result=StringValue(value="4")
    )
    outcome = read_actions([pb.OrchestratorAction(id=9, completeOrchestration=done)], NOW)
    assert outcome.confirmations == []
    assert outcome.ends
    assert outcome.completion is not None
    assert (outcome.completion.status, outcome.completion.output) == (Status.COMPLETED, "4")
    assert outcome.completion.failure is None


def test_unknown_messages_and_actions_are_ignored() -> None:
    actions = [pb.OrchestratorAction(id=1), pb.OrchestratorAction(id=2, sendEntityMessage=pb.SendEntityMessageAction())]
    outcome = read_actions(actions, NOW)
    assert outcome.confirmations == []
    assert outcome.entity_messages == []


def test_timers_keep_microseconds() -> None:
    at = Timestamp(seconds=5, nanos=250_000_000)
    outcome = read_actions([pb.OrchestratorAction(id=3, createTimer=pb.CreateTimerAction(fireAt=at))], NOW)
    assert outcome.timers == [(3, 5_250_000)]
    assert micros(timestamp(NOW)) == NOW


def test_framed_events_are_what_the_protocol_would_write() -> None:
    events = [
        pb.HistoryEvent(eventId=number, genericEvent=pb.GenericEvent(data=StringValue(value="x" * number * 100)))
        for number in range(1, 4)
    ]
    blob = b"".join(frame(PAST_EVENTS, event.SerializeToString()) for event in events)
    assert blob == join_events(events)
    assert split_events(blob) == events
    fresh = b"".join(frame(NEW_EVENTS, event.SerializeToString()) for event in events)
    assert list(pb.OrchestratorRequest.FromString(fresh).newEvents) == events
