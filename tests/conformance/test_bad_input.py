"""Bad files, bad requests, a full disk: a clear answer, nothing damaged, everybody else goes on."""

import socket
import sqlite3
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import durabletask.internal.orchestrator_service_pb2 as pb
import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from local.scheduler.errors import CannotOpen
from local.scheduler.main import main
from local.scheduler.store.database import FILE_NAME, Database
from tests.conformance.harness import RunningScheduler, Wire, eventually, status_name
from tests.conformance.messages import complete, schedule, text
from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[2]


def refusal(call: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.code(), caught.value.details()  # type: ignore[attr-defined]


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "local.scheduler", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120
    )


def test_a_corrupt_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    file.write_bytes(b"not a database at all" * 1000)
    result = run("--data", str(tmp_path), "--port", "0")
    assert result.returncode == 2
    assert "is not a database this scheduler can read" in result.stderr
    assert file.read_bytes().startswith(b"not a database")


def test_damage_found_while_serving_spares_the_rest(tmp_path: Path) -> None:
    running = RunningScheduler(tmp_path)
    wire = Wire(running.address)
    worker = wire.worker("w")
    wire.start("chain", "a")
    worker.end_turn(worker.turn(), schedule(1, "step"))
    worker.activity()
    wire.close()
    running.stop()
    damage(tmp_path / FILE_NAME, "history")
    again = RunningScheduler(tmp_path)
    wire = Wire(again.address)
    code, details = refusal(lambda: wire.history("a"))
    assert code == grpc.StatusCode.DATA_LOSS
    assert "damaged" in details
    wire.start("chain", "b")
    assert wire.state("b") is not None
    wire.close()
    again.stop()


def damage(file: Path, table: str) -> None:
    """Overwrites the first page of a table."""
    with sqlite3.connect(file) as connection:
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
    connection.close()
    with file.open("r+b") as raw:
        raw.seek((page - 1) * size)
        raw.write(b"\xff" * size)


def test_a_foreign_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE_NAME) as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    (tmp_path / FILE_NAME).chmod(0o644)
    with pytest.raises(CannotOpen, match="belongs to another program"):
        Database(tmp_path)
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o644


def test_database_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).touch(0o644)
    Database(tmp_path).close()
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    Database(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(CannotOpen, match="schema version 99, this scheduler knows"):
        Database(tmp_path)


def test_a_folder_in_use_is_refused(scheduler: RunningScheduler) -> None:
    with pytest.raises(CannotOpen, match="Another scheduler already uses"):
        Database(scheduler.engine.database.folder)


def test_a_port_in_use_is_one_clear_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run("--data", str(tmp_path), "--port", str(port))
    assert result.returncode == 2
    assert f"Cannot listen on 127.0.0.1 port {port} (Address already in use): stop what uses it" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_unknown_hub_is_refused_without_auto_hubs(tmp_path: Path) -> None:
    running = RunningScheduler(tmp_path / "data", auto_hubs=False)
    wire = Wire(running.address, "mine")
    code, words = refusal(lambda: wire.start("x", "a"))
    assert code == grpc.StatusCode.NOT_FOUND
    assert "There is no task hub 'mine'" in words
    wire("CreateTaskHub", pb.CreateTaskHubRequest())
    wire.start("x", "a")
    wire.close()
    running.stop()


def test_payloads_over_the_limit_are_refused(wire: Wire) -> None:
    huge = "x" * (5 * 1024 * 1024)
    wire.start("x", "a")
    for call in (
        lambda: wire.start("x", "b", huge),
        lambda: wire.raise_event("a", "e", huge),
        lambda: wire.signal("@c@1", "op", huge),
    ):
        code, words = refusal(call)
        assert code == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "has 5,242,880 bytes, and at most 1,048,576 are taken" in words
    assert wire.state("b") is None


def test_a_message_over_the_receive_limit_is_refused(wire: Wire) -> None:
    code, _ = refusal(lambda: wire.start("x", "b", "x" * (70 * 1024 * 1024)))
    assert code == grpc.StatusCode.RESOURCE_EXHAUSTED
    wire.start("x", "a")


def test_an_oversized_activity_input_fails_the_activity(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.start("x", "a")
    worker.end_turn(worker.turn(), schedule(1, "step", "x" * (5 * 1024 * 1024)))
    failure = worker.turn().orchestratorRequest.newEvents[-1].taskFailed.failureDetails
    assert "at most 1,048,576 are taken" in failure.errorMessage


def test_an_entity_state_over_the_limit_is_not_taken(wire: Wire) -> None:
    worker = wire.worker("w")
    wire.signal("@c@1", "grow")
    worker.end_batch(worker.batch(), "x" * (5 * 1024 * 1024))
    wire.signal("@c@1", "more")
    batch = worker.batch().entityRequestV2
    assert [op.entityOperationSignaled.operation for op in batch.operationRequests] == ["more"]
    assert not batch.HasField("entityState")


@pytest.mark.parametrize("token", ["", "nonsense", "a1", "a999.1", "e5.x", "o1.2", "a-1.1", "é.1"])
def test_unknown_completion_tokens_change_nothing(wire: Wire, token: str) -> None:
    wire("CompleteActivityTask", pb.ActivityResponse(instanceId="x", completionToken=token))
    wire("CompleteOrchestratorTask", pb.OrchestratorResponse(instanceId="x", completionToken=token))
    wire("CompleteEntityTask", pb.EntityBatchResult(completionToken=token))
    wire("AbandonTaskActivityWorkItem", pb.AbandonActivityTaskRequest(completionToken=token))


def test_bad_ids_names_and_paging_tokens_are_refused(wire: Wire) -> None:
    assert refusal(lambda: wire.start("", "a"))[0] == grpc.StatusCode.INVALID_ARGUMENT
    assert refusal(lambda: wire.start("x", "@c@1"))[0] == grpc.StatusCode.INVALID_ARGUMENT
    assert refusal(lambda: wire.signal("nobody", "op"))[0] == grpc.StatusCode.INVALID_ARGUMENT
    query = pb.InstanceQuery(continuationToken=text("zzz"))
    bad_page = refusal(lambda: wire("QueryInstances", pb.QueryInstancesRequest(query=query)))
    assert bad_page[0] == grpc.StatusCode.INVALID_ARGUMENT
    assert refusal(lambda: wire.raise_event("nobody", "e"))[0] == grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("seconds", [2**63 - 1, -(2**63), 253_402_300_800])
def test_times_beyond_all_years_are_served(wire: Wire, seconds: int) -> None:
    beyond = Timestamp(seconds=seconds, nanos=2**31 - 1)
    worker = wire.worker("w")
    wire("StartInstance", pb.CreateInstanceRequest(name="x", instanceId="late", scheduledStartTimestamp=beyond))
    wire("SignalEntity", pb.SignalEntityRequest(instanceId="@c@1", name="op", scheduledTime=beyond))
    query = pb.InstanceQuery(createdTimeFrom=beyond, createdTimeTo=beyond)
    assert not wire("QueryInstances", pb.QueryInstancesRequest(query=query)).orchestrationState
    entities = pb.EntityQuery(lastModifiedFrom=beyond, lastModifiedTo=beyond)
    assert not wire("QueryEntities", pb.QueryEntitiesRequest(query=entities)).entities
    assert not wire("ListInstanceIds", pb.ListInstanceIdsRequest(completedTimeFrom=beyond)).instanceIds
    filtered = pb.PurgeInstanceFilter(createdTimeFrom=beyond, timeout=Duration(seconds=seconds))
    assert not wire("PurgeInstances", pb.PurgeInstancesRequest(purgeInstanceFilter=filtered)).deletedInstanceCount

    # A time in the past has come: its work goes first.
    wire.start("waits", "a")
    while (turn := worker.next_any()).orchestratorRequest.instanceId != "a":
        if turn.HasField("orchestratorRequest"):
            worker.end_turn(turn, complete(1))
        else:
            worker.end_batch(turn, None)
    sleeps = pb.OrchestratorAction(id=1, createTimer=pb.CreateTimerAction(fireAt=beyond))
    worker.end_turn(turn, sleeps)
    wire.raise_event("a", "wake")
    assert worker.turn().orchestratorRequest.instanceId == "a"


def _refused_for_space(wire: Wire, instance_id: str) -> int:
    try:
        wire.start("x", instance_id, "x" * 4000)
    except grpc.RpcError as error:
        refused = error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED and "disk is full" in str(error.details())  # type: ignore[attr-defined]
        return int(refused)
    return 0


def test_a_full_disk_refuses_and_recovers(scheduler: RunningScheduler) -> None:
    wire = Wire(scheduler.address)
    worker = wire.worker("w")
    wire.start("x", "before")
    turn = worker.turn()
    connection = scheduler.engine.database.connection

    def limit(pages: int) -> None:
        scheduler.on_loop(lambda: connection.execute(f"PRAGMA max_page_count = {pages}").fetchall())

    used = scheduler.on_loop(lambda: connection.execute("PRAGMA page_count").fetchone()[0])
    limit(used + 8)
    refused = 0
    for number in range(40):
        refused += _refused_for_space(wire, f"full{number}")
    assert refused
    assert wire.status("before") == "PENDING"
    limit(1_000_000)
    wire.start("x", "after")
    seen: set[str] = set()
    while "after" not in seen:
        item = worker.turn()
        seen.add(item.orchestratorRequest.instanceId)
        worker.end_turn(item, complete(1, '"done"'))
    del turn
    assert eventually(lambda: wire.status("after") == "COMPLETED")
    wire.close()


def test_a_worker_result_waits_for_room_on_the_disk(scheduler: RunningScheduler) -> None:
    wire = Wire(scheduler.address)
    worker = wire.worker("w")
    wire.start("x", "a")
    worker.end_turn(worker.turn(), schedule(1, "paid"))
    item = worker.activity()
    connection = scheduler.engine.database.connection
    used = scheduler.on_loop(lambda: connection.execute("PRAGMA page_count").fetchone()[0])
    scheduler.on_loop(lambda: connection.execute(f"PRAGMA max_page_count = {used}").fetchall())
    scheduler.soon(lambda: connection.execute("PRAGMA max_page_count = 1000000").fetchall(), 1.5)
    worker.end_activity(item, '"' + "x" * 200_000 + '"')
    assert "taskCompleted" in [event.WhichOneof("eventType") for event in worker.turn().orchestratorRequest.newEvents]
    assert worker.nothing(0.3), "the activity was not repeated"
    wire.close()


def test_status_and_help_and_http(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--data", str(tmp_path / "none")]) == 2
    assert "There is no scheduler database" in capsys.readouterr().err
    http = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "local.scheduler", "--port", "0", "--data", str(tmp_path), "--http-port", str(http)],
        cwd=ROOT, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        port = int(line.rpartition("127.0.0.1:")[2].partition(",")[0])
        wire = Wire(f"127.0.0.1:{port}")
        wire.start("x", "a")
        wire.start("x", "later", scheduledStartTimestamp=pb.HistoryEvent().timestamp.__class__(seconds=4102444800))
        answer = wire("GetInstance", pb.GetInstanceRequest(instanceId="a"))
        assert status_name(answer.orchestrationState.orchestrationStatus) == "PENDING"
        assert eventually(lambda: _get(f"http://127.0.0.1:{http}/healthz")) == '{"status":"ok"}'
        metrics = _get(f"http://127.0.0.1:{http}/metrics") or ""
        assert 'casewright_scheduler_calls_total{method="StartInstance"} 2' in metrics
        assert "casewright_scheduler_ready_orchestrations 1" in metrics
        assert _get(f"http://127.0.0.1:{http}/metrics", Host="evil.example") is None
        assert _get(f"http://127.0.0.1:{http}/metrics", Origin="http://evil.example") is None
        assert _get(f"http://127.0.0.1:{http}/healthz", **{"Sec-Fetch-Site": "cross-site"}) is None
        assert main(["status", "--data", str(tmp_path)]) == 0
        shown = capsys.readouterr().out
        assert "hub default: 2 pending; 0 entities" in shown
        assert "the first due at 2100-01-01T00:00:00Z" in shown
        wire.close()
    finally:
        process.terminate()
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert (tmp_path / FILE_NAME).exists()


def _get(url: str, **headers: str) -> str | None:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
            return answer.read().decode()
    except OSError:
        return None


def test_expired_instances_are_purged(tmp_path: Path) -> None:
    running = RunningScheduler(tmp_path / "data", retain_days=0.0)
    wire = Wire(running.address)
    worker = wire.worker("w")
    wire.start("x", "a")
    worker.end_turn(worker.turn(), complete(1, "1"))
    wire.start("y", "b")
    running.restart()
    again = eventually(lambda: Wire(running.address))
    assert eventually(lambda: again.state("a") is None)
    assert again.status("b") == "PENDING"
    wire.close()
    again.close()
    running.stop()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "127.0.0.2"])
def test_an_address_that_others_reach_is_refused(tmp_path: Path, host: str) -> None:
    result = run("--data", str(tmp_path / "data"), "--port", "0", "--host", host)
    assert result.returncode == 2
    assert result.stderr == (
        f"--host {host} is not 127.0.0.1, ::1 or localhost, and this stand-in lets in whoever reaches it: "
        "listen on 127.0.0.1, "
        "or use Azure Durable Task Scheduler (DTS_ENDPOINT=https://…).\n"
    )
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("host", ["localhost", "::1"])
def test_other_names_of_this_machine_are_listened_on(tmp_path: Path, host: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "local.scheduler", "--port", "0", "--data", str(tmp_path), "--host", host],
        cwd=ROOT, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    seen = ""
    while "Listening on" not in seen:
        line = process.stderr.readline()
        assert line, seen
        seen += line
    process.terminate()
    process.communicate(timeout=60)


@pytest.mark.parametrize("line", ["GET /", "POST /TaskHubSidecarService/TerminateInstance", "OPTIONS *"])
@pytest.mark.parametrize("upgrade", ["", "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: \r\n"])
def test_no_request_of_a_browser_is_understood(scheduler: RunningScheduler, line: str, upgrade: str) -> None:
    host, _, port = scheduler.address.rpartition(":")
    head = f"{line} HTTP/1.1\r\nHost: {host}:{port}\r\n{upgrade}Content-Type: application/grpc\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(head.encode())
        answered = b"".join(iter(lambda: connection.recv(65_536), b""))
    # Browsers speak HTTP/2 over TLS only, and so they are told nothing in a form that they show to a page.
    assert not answered.startswith(b"HTTP/")


def test_a_negative_limit_of_deliveries_is_refused(tmp_path: Path) -> None:
    result = run("--data", str(tmp_path), "--max-deliveries", "-1")
    assert result.returncode == 2
    assert "argument --max-deliveries: invalid" in result.stderr
