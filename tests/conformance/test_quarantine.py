"""Nothing else pays for work that kills its worker."""

from pathlib import Path
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb

from tests.conformance.deliveries import (
    ORCHESTRATIONS_ONLY,
    activity,
    lose_workers,
    running,
    turn,
    wait_for_lost_deliveries,
)
from tests.conformance.harness import KillableWorker, Wire
from tests.conformance.messages import call, kinds, new_kinds, schedule


def test_innocent_work_beside_poison_work_is_finished(tmp_path: Path) -> None:
    with running(tmp_path, limit=6) as scheduler:
        wire = Wire(scheduler.address)
        first = wire.worker("first", workItemFilters=ORCHESTRATIONS_ONLY)
        wire.start("x", "a")
        first.end_turn(turn(first), *(schedule(number, f"step{number}") for number in range(1, 5)))
        first.drop()
        poison, finished = "step1", set[str]()
        for number in range(6):
            doomed = KillableWorker(scheduler.address, f"far:{number}:mortal", workItemFilters=ALL_STEPS)
            if number < 3:
                for _ in range(4):
                    activity(doomed.worker)
            else:
                while (item := activity(doomed.worker)).activityRequest.name != poison:
                    doomed.worker.end_activity(item, "1")
                    finished.add(item.activityRequest.name)
            doomed.kill()
            wait_for_lost_deliveries(scheduler)
        assert finished == {"step2", "step3", "step4"}
        results = kinds(turn(wire.worker("last")).orchestratorRequest.newEvents)
        assert sorted(results[1:]) == ["taskCompleted"] * 3 + ["taskFailed"]
        wire.close()


ALL_STEPS = pb.WorkItemFilters(activities=[pb.ActivityFilter(name=f"step{number}") for number in range(1, 5)])


def test_quarantined_work_is_handed_out_alone(tmp_path: Path) -> None:
    with running(tmp_path, limit=6) as scheduler:
        wire = Wire(scheduler.address)
        first = wire.worker("first", workItemFilters=ORCHESTRATIONS_ONLY)
        wire.start("x", "a")
        first.end_turn(turn(first), schedule(1, "step1"), schedule(2, "step2"))
        first.drop()
        lose_workers(scheduler, lambda worker: (activity(worker), activity(worker)), 3)
        one, two = (wire.worker(name, workItemFilters=ALL_STEPS) for name in ("one", "two"))
        kept = activity(one)
        other = activity(two)
        assert kept.activityRequest.name != other.activityRequest.name
        two.drop()
        assert one.nothing(1.0), "it has one already"
        one.end_activity(kept, "1")
        assert activity(one).activityRequest.name == other.activityRequest.name
        wire.close()


def test_only_the_operation_that_kills_is_failed(tmp_path: Path) -> None:
    with running(tmp_path, limit=6) as scheduler:
        wire = Wire(scheduler.address)
        first = wire.worker("first", workItemFilters=ORCHESTRATIONS_ONLY)
        wire.start("x", "a")
        names = ["good", "poison", "fine"]
        first.end_turn(
            turn(first), *(call(number, "@c@1", name, f"r{number}", "a") for number, name in enumerate(names, 1))
        )
        first.drop()
        filters = pb.WorkItemFilters(entities=[pb.EntityFilter(name="c")])
        for number in range(12):
            doomed = KillableWorker(scheduler.address, f"far:{number}:mortal", workItemFilters=filters)
            batch = doomed.worker.batch()
            while operations(batch) != ["good", "poison", "fine"] and operations(batch) != ["poison"]:
                doomed.worker.end_batch(batch, "1")
                if operations(batch) == ["fine"]:
                    break
                batch = doomed.worker.batch()
            doomed.kill()
            if operations(batch) == ["fine"]:
                break
            wait_for_lost_deliveries(scheduler)
        assert scheduler.on_loop(scheduler.engine.dispatcher.gauges)["lost_deliveries_total"] == 6
        last = wire.worker("last", workItemFilters=ORCHESTRATIONS_ONLY)
        seen: list[str] = []
        while len(seen) < 3:
            item = turn(last)
            seen += [kind for kind in new_kinds(item) if kind.startswith("entityOperation")]
            last.end_turn(item)
        assert seen == ["entityOperationCompleted", "entityOperationFailed", "entityOperationCompleted"]
        wire.close()


def operations(batch: Any) -> list[str]:
    return [op.entityOperationCalled.operation for op in batch.entityRequestV2.operationRequests]
