"""The next release, made up: it goes on with what this one began, and this one leaves alone what it begins."""

import itertools
import logging
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from durabletask.client import TaskHubGrpcClient
from durabletask.task import NonDeterminismError

from contracts.hashing import content_hash
from contracts.names import INVESTIGATION_VERSION
from contracts.steps import Investigation
from tests.conformance.harness import RunningScheduler
from tests.replay.next_release import NEXT_VERSION, NextInvestigation, NextRelease, investigation
from tests.replay.record_histories import RECORDINGS, history_at
from tests.replay.replaying import History, HistoryDiverged, read_history, replay
from tests.unit.worker.support.case_script import CaseScript
from tests.unit.worker.support.lab import CONVERTER, AsItIs, Lab, register
from worker.adapters.scheduler import SchedulerAddress, open_worker

TASKHUB = "default"
WAIT_S = 60.0


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_next_release_replays_every_recording(recording: Path) -> None:
    replay(read_history(recording), investigation, NEXT_VERSION)


def test_field_added_later_leaves_what_was_written_alone() -> None:
    before = Investigation(case_id="case-1")
    read = NextInvestigation.model_validate_json(before.model_dump_json())

    assert read.queue is None
    assert read.model_dump_json() == before.model_dump_json()
    assert content_hash(read) == content_hash(before)
    assert content_hash(read.model_copy(update={"queue": "vip"})) != content_hash(before)


class HandedBack(logging.Handler):
    """Waits until a worker hands a case back."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[str] = set()
        self._changed = threading.Condition()

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        if said.startswith("Abandoning orchestration"):
            with self._changed:
                self._seen.add(said.split("'")[1])
                self._changed.notify_all()

    def wait_for(self, case_id: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: case_id in self._seen, WAIT_S), f"nobody handed {case_id} back"


@pytest.fixture
def handed_back() -> Iterator[HandedBack]:
    handler, log = HandedBack(), logging.getLogger("worker.scheduler")
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield handler
    log.removeHandler(handler)
    log.setLevel(level)


class TwoReleases:
    """One local scheduler, and workers of both releases that pull from it."""

    def __init__(self, address: str, client: TaskHubGrpcClient, rude: TaskHubGrpcClient) -> None:
        self.address = address
        self.scripts: dict[str, CaseScript] = {}
        self.lab = Lab(client, rude, self.scripts, itertools.count(1))
        self.next = NextRelease()

    @contextmanager
    def old_worker(self) -> Generator[None]:
        with open_worker(SchedulerAddress(self.address, secure=False), TASKHUB, threads=8) as worker:
            register(worker, self.scripts)
            worker.start()
            yield

    @contextmanager
    def new_worker(self) -> Generator[None]:
        address = SchedulerAddress(self.address, secure=False)
        with open_worker(address, TASKHUB, threads=8, version=NEXT_VERSION) as worker:
            register(worker, self.scripts, investigation)
            worker.add_activity(self.next.weigh_alert)
            worker.start()
            yield


@pytest.fixture
def releases(tmp_path: Path) -> Iterator[TwoReleases]:
    scheduler = RunningScheduler(tmp_path)
    metadata = [("taskhub", TASKHUB)]
    try:
        with (
            TaskHubGrpcClient(host_address=scheduler.address, metadata=metadata, data_converter=CONVERTER) as client,
            TaskHubGrpcClient(host_address=scheduler.address, metadata=metadata, data_converter=AsItIs()) as rude,
        ):
            yield TwoReleases(scheduler.address, client, rude)
    finally:
        scheduler.stop()


def test_new_worker_resumes_a_case_of_the_old(releases: TwoReleases) -> None:
    with releases.old_worker():
        case = releases.lab.start()
        opening = case.script.opening()
        case.progress_when(lambda shown: shown.phase == "awaiting_review")

    with releases.new_worker():
        case.decide(opening)
        assert case.outcome() == "account_locked"

    assert releases.next.weighed == []


def test_old_worker_hands_back_a_newer_case(releases: TwoReleases, handed_back: HandedBack) -> None:
    with releases.old_worker():
        newer = releases.lab.start(CaseScript(score=0.1, recommended="clear"), version=NEXT_VERSION)
        handed_back.wait_for(newer.order.case_id)
        older = releases.lab.start(CaseScript(score=0.1, recommended="clear"))
        assert older.outcome() == "auto_cleared"
        assert newer.script.rounds == []

        with releases.new_worker():
            assert newer.outcome() == "auto_cleared"

    assert releases.next.weighed == [newer.order.case_id]


def test_both_workers_finish_cases_of_both_versions(releases: TwoReleases) -> None:
    with releases.old_worker(), releases.new_worker():
        cases = [
            releases.lab.start(CaseScript(score=0.1, recommended="clear"), version=version)
            for version in (INVESTIGATION_VERSION, NEXT_VERSION) * 5
        ]
        ended = {case.order.case_id: case.outcome() for case in cases}

    assert set(ended.values()) == {"auto_cleared"}
    assert sorted(releases.next.weighed) == sorted(case.order.case_id for case in cases[1::2])
    assert [case.script.rounds for case in cases] == [[1]] * len(cases)


def test_history_of_the_next_release_needs_that_release(releases: TwoReleases) -> None:
    with releases.new_worker():
        case = releases.lab.start(CaseScript(score=0.1, recommended="clear"), version=NEXT_VERSION)
        assert case.outcome() == "auto_cleared"
    history: History = history_at(releases.address, case.order.case_id, TASKHUB)

    (end,) = replay(history, investigation, NEXT_VERSION)

    assert end.payload == '"auto_cleared"'
    with pytest.raises(HistoryDiverged, match="hands the case back"):
        replay(history)
    with pytest.raises(NonDeterminismError):
        replay(history, version=NEXT_VERSION)
