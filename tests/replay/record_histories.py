"""Records how cases go: `scripts/record-histories`. Real orchestration and entity, scripted activities.

A recording is never made again: it is what a release left in the schedulers of those who ran it.
"""

import itertools
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
from durabletask.client import TaskHubGrpcClient
from durabletask.internal import orchestrator_service_pb2 as pb
from durabletask.testing import create_test_backend

from contracts.investigation import FactReport, FailedCase, NotedFacts, SpecialistOrder
from contracts.names import COUNT_RESET_VERSION, INVESTIGATION_VERSION, REVERSAL_VERSION, TASK_REMINDER_VERSION
from contracts.report import SpecialistReport
from contracts.steps import CountResetResult, ReminderOrder, ReminderResult
from contracts.tasks import reminder_instance
from tests.replay.replaying import History, write_history
from tests.support.ports import free_port
from tests.unit.worker.support.case_script import CaseScript, ScriptedFault, ordinary_report
from tests.unit.worker.support.cases import a_policy, a_reversal_order, an_alert, an_assessment
from tests.unit.worker.support.lab import CONVERTER, Lab, RunningCase, register
from worker.adapters.scheduler import SchedulerAddress, open_worker
from worker.ports.model import ModelUnavailable

FOLDER = Path(__file__).parent / "histories"
REVERSAL_RECORDING = FOLDER / f"reversal-{REVERSAL_VERSION}.json"
REMINDER_RECORDING = FOLDER / f"reminder-{TASK_REMINDER_VERSION}.json"
RESET_RECORDING = FOLDER / f"count-reset-{COUNT_RESET_VERSION}.json"
SOON_H = 0.0001
RECORDINGS = sorted(FOLDER.glob("[0-9]*.json"))


def recording_of(path: str, version: str = INVESTIGATION_VERSION) -> Path:
    """Where the recording of a path lies."""
    return FOLDER / f"{version}-{path}.json"


def auto_clear(lab: Lab) -> RunningCase:
    case = _start(lab, "auto-clear", CaseScript(score=0.1, recommended="clear"))
    case.outcome()
    return case


def approve_lock(lab: Lab) -> RunningCase:
    case = _start(lab, "approve-lock", CaseScript())
    case.decide(case.script.opening())
    case.outcome()
    return case


def reject_then_approve(lab: Lab) -> RunningCase:
    case = _start(lab, "reject-then-approve", CaseScript())
    case.reject(case.script.opening(1))
    case.decide(case.script.opening(2))
    case.outcome()
    return case


def escalated(lab: Lab) -> RunningCase:
    case = _start(lab, "escalated", CaseScript(policy=a_policy(approval_timeout_hours=SOON_H)))
    case.progress_when(lambda shown: shown.phase == "escalated")
    return case


def awaiting_review(lab: Lab) -> RunningCase:
    case = _start(lab, "awaiting-review", CaseScript())
    case.progress_when(lambda shown: shown.phase == "awaiting_review")
    return case


def specialist_unavailable(lab: Lab) -> RunningCase:
    """Takes as long as its attempts lie apart."""

    def location_fails(order: SpecialistOrder) -> SpecialistReport:
        if order.specialist == "location":
            raise ModelUnavailable("The model did not answer within 60 seconds.")
        return ordinary_report(order)

    case = _start(lab, "specialist-unavailable", CaseScript(specialist=location_fails))
    case.progress_when(lambda shown: shown.phase == "awaiting_review", patience_s=120)
    return case


def memory_lost(lab: Lab) -> RunningCase:
    fault = ScriptedFault("Out of space.")
    script = CaseScript(score=0.1, recommended="clear", instead={"remember_round": fault, "remember_feedback": fault})
    case = _start(lab, "memory-lost", script)
    case.reject(script.opening(1))
    case.decide(script.opening(2), "clear")
    case.outcome()
    return case


def orchestration_failed(lab: Lab) -> RunningCase:
    case = _start(lab, "orchestration-failed", CaseScript(instead={"ask_person": {"due_at": "some day"}}))
    case.failure()
    return case


def resumed(lab: Lab) -> RunningCase:
    """Its earlier orchestration failed; the analyst rejects, and approves the round after that."""
    failed_case = FailedCase(assessment=an_assessment(), role="analyst", reason="It failed.")
    case = _start(lab, "resumed", CaseScript(failed_case=failed_case))
    case.reject(case.script.opening(1))
    case.decide(case.script.opening(2))
    case.outcome()
    return case


def reminded(lab: Lab) -> RunningCase:
    case = _start(
        lab, "reminded", CaseScript(policy=a_policy(approval_timeout_hours=2 * SOON_H, remind_before_share=0.5))
    )
    case.progress_when(lambda shown: shown.phase == "escalated")
    return case


def facts_changed(lab: Lab) -> RunningCase:
    """The first approval no longer holds, the second one is carried out."""
    changed = FactReport(changes=("The account is locked already.",))
    script = CaseScript(facts=[changed], noted=[NotedFacts(changes=changed.changes, report=changed)])
    case = _start(lab, "facts-changed", script)
    case.decide(case.script.opening(1))
    case.decide(case.script.opening(2))
    case.outcome()
    return case


def refund_refused(lab: Lab) -> RunningCase:
    """The lock is done and the refund refused; only the refund is asked about again, and carried out."""
    changed = FactReport(changes=("Charge a cannot be refunded: its status is refunded.",), refund_charge_ids=("b",))
    script = CaseScript(
        facts=[FactReport(refund_charge_ids=("a", "b")), changed],
        noted=[NotedFacts(changes=changed.changes, report=changed)],
        executed=[{"refund_charges": "failed"}],
    )
    case = _start(lab, "refund-refused", script)
    case.decide(case.script.opening(1), "lock_and_refund")
    case.decide(case.script.opening(2), "refund_charges")
    case.outcome()
    return case


def reconciled(lab: Lab) -> RunningCase:
    """Every attempt fails, the ledger cannot be read at first, and then the effect is found there. Takes a minute."""
    case = _start(lab, "reconciled", CaseScript(action_fails=True, reconciled=["unknown"]))
    case.decide(case.script.opening())
    case.outcome(patience_s=180)
    return case


def alert_joined(lab: Lab) -> RunningCase:
    """One joins before anybody is asked, another while somebody is; the question after that is decided."""
    script = CaseScript(overtaken=["ask_person"])
    case = _start(lab, "alert-joined", script)
    opening = script.opening(1)
    script.overtaken.append("read_decision")
    case.send(opening.round, None)
    case.decide(script.opening(2))
    case.outcome()
    return case


def record_reversal(lab: Lab, address: str) -> None:
    """One reversal: in doubt at first, then found to be done. Takes a minute."""
    order = a_reversal_order(1)
    lab.reverse(order, CaseScript(action_fails=True, reconciled=["unknown"]), patience_s=180)
    write_history(REVERSAL_RECORDING, history_at(address, order.reversal_id))


def record_reminder(lab: Lab, address: str) -> None:
    """One reminder: its time comes in a second, and is put off by another before it is told."""
    order, now = ReminderOrder(task_id="task-1", revision=1), datetime.now(UTC)
    looks = [ReminderResult(wait_until=now + timedelta(seconds=seconds)) for seconds in (1, 3)]
    lab.remind(order, CaseScript(reminder_looks=looks))
    write_history(REMINDER_RECORDING, history_at(address, reminder_instance(order.task_id, order.revision)))


def record_reset(lab: Lab, address: str) -> None:
    """One daily reset, started as the SDK's schedule starts it: without an input and a version."""
    script = CaseScript(resets=[CountResetResult(done=True)])
    lab.reset_counts(script)
    write_history(RESET_RECORDING, history_at(address, lab.instance_of(script)))


PATHS: Mapping[str, Callable[[Lab], RunningCase]] = {
    "auto-clear": auto_clear,
    "approve-lock": approve_lock,
    "reject-then-approve": reject_then_approve,
    "escalated": escalated,
    "awaiting-review": awaiting_review,
    "specialist-unavailable": specialist_unavailable,
    "memory-lost": memory_lost,
    "orchestration-failed": orchestration_failed,
    "resumed": resumed,
    "reminded": reminded,
    "facts-changed": facts_changed,
    "refund-refused": refund_refused,
    "reconciled": reconciled,
    "alert-joined": alert_joined,
}


def main() -> None:
    """Records every path that INVESTIGATION_VERSION has no recording of."""
    missing = [path for path in PATHS if not recording_of(path).exists()]
    FOLDER.mkdir(exist_ok=True)
    with running_lab() as (lab, address):
        for path in missing:
            case = PATHS[path](lab)
            write_history(recording_of(path), history_at(address, case.order.case_id))
            sys.stdout.write(f"recorded {recording_of(path).name}\n")
        if not REVERSAL_RECORDING.exists():
            record_reversal(lab, address)
            sys.stdout.write(f"recorded {REVERSAL_RECORDING.name}\n")
        if not REMINDER_RECORDING.exists():
            record_reminder(lab, address)
            sys.stdout.write(f"recorded {REMINDER_RECORDING.name}\n")
        if not RESET_RECORDING.exists():
            record_reset(lab, address)
            sys.stdout.write(f"recorded {RESET_RECORDING.name}\n")
    sys.stdout.write(f"{len(PATHS) - len(missing)} of {len(PATHS)} paths were on record already\n")


def _start(lab: Lab, path: str, script: CaseScript) -> RunningCase:
    return lab.start(script, alert=an_alert(path))


@contextmanager
def running_lab() -> Generator[tuple[Lab, str]]:
    port = free_port()
    address, scripts = f"127.0.0.1:{port}", dict[str, CaseScript]()
    backend = create_test_backend(port=port)
    try:
        with (
            open_worker(SchedulerAddress(address, secure=False), "default", threads=16) as worker,
            TaskHubGrpcClient(host_address=address, data_converter=CONVERTER) as client,
        ):
            register(worker, scripts)
            worker.start()
            yield Lab(client, client, scripts, itertools.count(1)), address
    finally:
        backend.stop()


def history_at(address: str, case_id: str, taskhub: str | None = None) -> History:
    """The history of a case as the scheduler at `address` sends it to a worker."""
    # The client's own reading of a history cannot be replayed: it is no longer what the scheduler sends a worker.
    with grpc.insecure_channel(address) as channel:
        read = channel.unary_stream(
            "/TaskHubSidecarService/StreamInstanceHistory",
            request_serializer=pb.StreamInstanceHistoryRequest.SerializeToString,
            response_deserializer=pb.HistoryChunk.FromString,
        )
        metadata = () if taskhub is None else (("taskhub", taskhub),)
        chunks = read(pb.StreamInstanceHistoryRequest(instanceId=case_id), metadata=metadata)
        return tuple(event for chunk in chunks for event in chunk.events)


if __name__ == "__main__":
    main()
