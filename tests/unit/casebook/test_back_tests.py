"""Back-tests on record: one runs at a time, an end is final, and what alerts were worth is counted from decisions."""

from datetime import timedelta
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Engine, text

from casebook.audit.verify import verify_case_log
from casebook.back_tests_api import BackTestsApi
from casebook.commands.back_tests import LEASE, STARTING, BackTestProgress
from casebook.database.transactions import Transactions
from casebook.desk_api import DeskApi
from casebook.errors import BackTestEnded, BackTestExists, BackTestNotFound, CasebookError, TooManyBackTests
from casebook.policy.alert_joins import JoinPolicy, JoinRule
from contracts.alert import Alert
from contracts.back_tests import (
    KEPT_OF_RULE,
    MAX_WAITING,
    BackTestResult,
    ComparedAlerts,
    LiveTelemetry,
    NewBackTest,
    RecordedTelemetry,
    SideCounts,
)
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import NOON, SteppingClock, an_alert
from tests.unit.casebook.test_task_races import all_at_once

RULE = "spending_spike"
MARIA, ALEX = "maria", "alex"
AT_ONCE = 6
VERSIONS = Path(__file__).parents[3] / "casebook" / "database" / "migrations" / "versions"
NOTHING = ComparedAlerts(items=(), more=0)
RESULT = BackTestResult(
    events=1_000,
    skipped=0,
    first_at=NOON,
    last_at=NOON + timedelta(days=7),
    counted_from=None,
    seconds=1.5,
    total=SideCounts(gained=3, lost=2, kept=1),
    moved=0,
    days=(),
    customers=(),
    customers_more=0,
    gained=NOTHING,
    lost=NOTHING,
    kept=NOTHING,
    before_digest="a",
    after_digest="b",
    quality=None,
    notes=("A note.",),
)


@pytest.fixture
def lab(engine: Engine, clock: SteppingClock) -> BackTestsApi:
    return BackTestsApi(Transactions(engine, clock))


def on(recording: str = "may.jsonl", version: int = 2) -> NewBackTest:
    source = RecordedTelemetry(kind="recording", recording=recording)
    return NewBackTest(version=version, source=source, reason="Fewer false alerts?")


def order(lab: BackTestsApi, recording: str = "may.jsonl", rule_id: str = RULE) -> str:
    return lab.request(rule_id, 1, on(recording), MARIA)


def test_back_test_is_taken_reported_and_done(lab: BackTestsApi) -> None:
    back_test_id = order(lab)
    queued = lab.back_test(back_test_id)
    assert (queued.state, queued.version, queued.compared_with, queued.requested_by) == ("queued", 2, 1, MARIA)
    assert lab.take_next("one") == back_test_id
    assert lab.begin(back_test_id, "one", 7) == "go_on"
    assert lab.report(back_test_id, "one", BackTestProgress(500, NOON, 0.5)) == "go_on"
    running = lab.back_test(back_test_id)
    assert (running.state, running.events, running.share, running.rules_revision) == ("running", 500, 0.5, 7)
    assert lab.end(back_test_id, "one", "done", result=RESULT)
    done = lab.back_test(back_test_id)
    assert (done.state, done.result, done.total, done.share) == ("done", RESULT, RESULT.total, 1.0)
    assert not lab.has_work()
    (listed,) = lab.list_back_tests(RULE).items
    assert listed.model_dump() == done.model_dump(exclude={"result"})


def test_same_back_test_is_ordered_once_at_a_time(lab: BackTestsApi) -> None:
    outcomes = all_at_once([partial(order, lab)] * AT_ONCE)
    assert sum(isinstance(each, str) for each in outcomes) == 1
    refused = [each for each in outcomes if isinstance(each, BackTestExists)]
    assert len(refused) == AT_ONCE - 1
    assert refused[0].sentence == f"Version 2 of rule '{RULE}' is being tried on this already: maria ordered it."
    live = NewBackTest(version=2, source=LiveTelemetry(kind="live", days=7), reason="And now?")
    assert lab.request(RULE, 1, live, ALEX)


def test_two_take_and_one_runs(lab: BackTestsApi) -> None:
    first, second = order(lab, "may.jsonl"), order(lab, "june.jsonl")
    taken = all_at_once([partial(lab.take_next, f"owner-{number}") for number in range(AT_ONCE)])
    assert [each for each in taken if each is not None] == [first]
    owner = f"owner-{taken.index(first)}"
    assert lab.end(first, owner, "failed", problem="The recording is damaged.")
    assert lab.back_test(first).problem == "The recording is damaged."
    assert lab.take_next("next") == second


def test_one_that_waits_is_cancelled_at_once(lab: BackTestsApi) -> None:
    back_test_id = order(lab)
    lab.cancel(back_test_id, ALEX)
    ended = lab.back_test(back_test_id)
    assert (ended.state, ended.cancelled_by, ended.ended_at is None) == ("cancelled", ALEX, False)
    assert lab.take_next("one") is None
    with pytest.raises(BackTestEnded, match="it is cancelled"):
        lab.cancel(back_test_id, MARIA)
    with pytest.raises(BackTestNotFound):
        lab.cancel("bt-" + "0" * 32, MARIA)


def test_one_that_runs_hears_of_the_cancellation(lab: BackTestsApi) -> None:
    back_test_id = order(lab)
    lab.take_next("one")
    lab.cancel(back_test_id, ALEX)
    lab.cancel(back_test_id, MARIA)
    assert lab.report(back_test_id, "one", BackTestProgress(1, None, None)) == "cancel"
    assert lab.end(back_test_id, "one", "interrupted", problem="Its process was ended.")
    ended = lab.back_test(back_test_id)
    assert (ended.state, ended.cancelled_by, ended.problem) == ("cancelled", ALEX, None)


def test_what_is_left_behind_is_interrupted(lab: BackTestsApi, clock: SteppingClock) -> None:
    left, waiting = order(lab, "may.jsonl"), order(lab, "june.jsonl")
    assert lab.take_next("gone") == left
    assert lab.report(left, "gone", BackTestProgress(0, None, None)) == "go_on"
    assert lab.take_next("other") is None
    clock.now += LEASE
    assert lab.take_next("other") == waiting
    ended = lab.back_test(left)
    assert ended.state == "interrupted"
    assert ended.problem == "The process that ran it ended before it was done: order it again."
    assert lab.report(left, "gone", BackTestProgress(1, None, None)) == "lost"
    assert not lab.end(left, "gone", "done", result=RESULT)
    assert lab.back_test(left).state == "interrupted"


def test_process_may_take_a_minute_to_start(lab: BackTestsApi, clock: SteppingClock) -> None:
    left, waiting = order(lab, "may.jsonl"), order(lab, "june.jsonl")
    assert lab.take_next("slow") == left
    clock.now += LEASE
    assert lab.take_next("other") is None
    clock.now += STARTING
    assert lab.take_next("other") == waiting
    assert lab.back_test(left).state == "interrupted"


def test_only_so_many_wait_and_are_kept(lab: BackTestsApi) -> None:
    for number in range(MAX_WAITING):
        order(lab, f"{number}.jsonl")
    with pytest.raises(TooManyBackTests):
        order(lab, "one-more.jsonl")
    newest = ""
    for number in range(KEPT_OF_RULE + 3):
        for each in lab.list_back_tests(RULE).items:
            if each.state == "queued":
                lab.cancel(each.back_test_id, MARIA)
        newest = order(lab, f"again-{number}.jsonl")
    kept = lab.list_back_tests(RULE).items
    assert (len(kept), kept[0].back_test_id) == (KEPT_OF_RULE, newest)
    assert lab.list_back_tests("api_burst").items == ()


def test_orders_are_in_the_desk_log(lab: BackTestsApi, engine: Engine, clock: SteppingClock) -> None:
    back_test_id = order(lab)
    lab.cancel(back_test_id, ALEX)
    ordered, cancelled = DeskApi(Transactions(engine, clock)).changes().items
    assert (ordered.kind, ordered.actor, ordered.name) == ("back_test_requested", MARIA, f"{RULE} version 2")
    assert ordered.after == {
        "back_test_id": back_test_id,
        "compared_with": 1,
        "source": {"kind": "recording", "recording": "may.jsonl"},
        "reason": "Fewer false alerts?",
    }
    assert (cancelled.kind, cancelled.actor) == ("back_test_cancelled", ALEX)
    with Transactions(engine, clock).read() as connection:
        assert verify_case_log(connection).broken is None


# What alerts were worth


def raised(number: int, version: int = 1, source: str = "live") -> Alert:
    return an_alert(number).model_copy(
        update={"rule_id": RULE, "rule_version": version, "source": source, "customer_id": 1_000 + number}
    )


def decide(engine: Engine, case_id: str, state: str, disposition: str | None) -> None:
    """As deciding a case leaves its row; how that comes about is tested elsewhere."""
    values: dict[str, Any] = {"case_id": case_id, "state": state, "disposition": disposition}
    with engine.begin() as connection:
        connection.execute(
            text('UPDATE "case" SET state = :state, disposition = :disposition WHERE case_id = :case_id'), values
        )


def test_precision_counts_what_people_said(lab: BackTestsApi, book: CaseBook, engine: Engine) -> None:
    said = ["confirmed_fraud", "confirmed_fraud", "false_positive", "inconclusive", None]
    for number, disposition in enumerate(said, start=1):
        decide(engine, book.open_case(raised(number)).case_id, "closed", disposition)
    decide(engine, book.open_case(raised(6)).case_id, "awaiting_review", "false_positive")
    decide(engine, book.open_case(raised(7, version=3)).case_id, "closed", "confirmed_fraud")
    decide(engine, book.open_case(raised(8, source="manual")).case_id, "closed", "confirmed_fraud")
    found = lab.opinions(RULE, 90)
    assert found.versions == (
        (3, {"confirmed_fraud": 1}),
        (1, {"confirmed_fraud": 2, "false_positive": 1, "inconclusive": 1, None: 2}),
    )
    assert lab.opinions("api_burst", 90).versions == ()
    ids = [raised(number).alert_id for number in range(1, 9)]
    assert lab.opinions_of(ids) == {ids[0]: True, ids[1]: True, ids[2]: False, ids[6]: True}


def test_precision_forgets_what_is_long_past(
    lab: BackTestsApi, book: CaseBook, engine: Engine, clock: SteppingClock
) -> None:
    decide(engine, book.open_case(raised(1)).case_id, "closed", "confirmed_fraud")
    clock.now += timedelta(days=91)
    assert lab.opinions(RULE, 90).versions == ()


def test_alert_that_joins_counts_by_its_case(lab: BackTestsApi, engine: Engine, clock: SteppingClock) -> None:
    book = CaseBook(Transactions(engine, clock), joins=JoinPolicy(JoinRule(hours=24), {}))
    first = raised(1)
    case = book.open_case(first)
    second = raised(2, version=2).model_copy(update={"customer_id": first.customer_id})
    joined = book.open_case(second)
    assert joined.case_id == case.case_id
    decide(engine, case.case_id, "closed", "confirmed_fraud")
    assert lab.opinions(RULE, 90).versions == ((2, {"confirmed_fraud": 1}), (1, {"confirmed_fraud": 1}))


def migration() -> ModuleType:
    """The one that makes the tables of the lab, whatever came after it."""
    (file,) = VERSIONS.glob("*_rule_lab.py")
    spec = spec_from_file_location("rule_lab", file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_upgrade_notes_versions_of_alerts_on_record(lab: BackTestsApi, book: CaseBook, engine: Engine) -> None:
    for number, version, source in ((1, 1, "live"), (2, 3, "replay"), (3, 1, "manual")):
        book.open_case(raised(number, version, source))
    kept = "SELECT alert_id, rule_id, rule_version, recorded_at FROM rule_alert ORDER BY alert_id"
    with engine.begin() as connection:
        before = connection.execute(text(kept)).all()
        connection.execute(text("DROP TABLE rule_alert"))
        connection.execute(text("DROP TABLE back_test"))
        with Operations.context(MigrationContext.configure(connection)):
            migration().upgrade()
    with engine.connect() as connection:
        after = connection.execute(text(kept)).all()
    assert [tuple(row)[:3] for row in after] == [tuple(row)[:3] for row in before]
    assert len(after) == 2
    assert [version for version, _ in lab.opinions(RULE, 90).versions] == [3, 1]


def test_errors_have_ids_and_a_status() -> None:
    errors: list[CasebookError] = [
        BackTestNotFound("bt-1"),
        BackTestExists(RULE, 2, MARIA),
        BackTestEnded("done"),
        TooManyBackTests(20),
    ]
    assert [(each.id, each.status) for each in errors] == [
        ("back-test-not-found", 404),
        ("back-test-exists", 409),
        ("back-test-ended", 409),
        ("too-many-back-tests", 409),
    ]
