"""A purged case leaves a tombstone, and nothing else; the audit is whole with it, and refuses every other gap."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, inspect, text

from casebook.audit.verify_export import verify_export
from casebook.case_log.desk_chain import Changed
from casebook.commands import purges
from casebook.commands.desk_log import log_change
from casebook.commands.tasks import Origin
from casebook.database.engine import for_writing
from casebook.database.transactions import Transactions
from casebook.errors import CasePurged
from casebook.policy.alert_joins import JoinPolicy, JoinRule
from casebook.queries.tombstones import log_hash
from casebook.retention_api import RetentionApi
from casebook.schema.base import table_of
from casebook.schema.purges import PurgedCaseRow
from casebook.tasks_api import TasksApi
from casebook.workspace_api import WorkspaceApi
from contracts.tasks import NewTask
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    SteppingClock,
    an_alert,
    ask,
    asked_in_short,
    carry_out,
    closing,
    decide,
    later,
    only_on,
    open_case,
    pass_time,
)
from tests.unit.casebook.replies import LIMITS, a_held_reply, hold_reply
from tests.unit.casebook.test_cursors import plans, recorded
from tests.unit.casebook.test_export import exported
from tests.unit.casebook.test_merges import WHY, two_cases

KEPT = 30


@pytest.fixture
def retention(book: CaseBook) -> RetentionApi:
    return RetentionApi(book.transactions)


def grow_old(book: CaseBook) -> None:
    """Nothing happens for longer than cases are kept."""
    pass_time(book, 24 * (KEPT + 1))


def cleared(book: CaseBook, number: int = 1) -> str:
    """A closed case of which nothing is in force."""
    case = open_case(book, number)
    clear(book, case)
    return case


def clear(book: CaseBook, case: str) -> None:
    """A person says that it is no fraud."""
    decide(book, ask(book, case), action="clear")
    book.close_case(closing(case, "cleared"))


def locked(book: CaseBook) -> str:
    """A closed case by which an account is locked."""
    opening = asked_in_short(book)
    decide(book, opening)
    carry_out(book, opening.case_id)
    book.close_case(closing(opening.case_id))
    return opening.case_id


def rows_of(engine: Engine, case: str) -> set[str]:
    """The tables in which a case is named."""
    found: set[str] = set()
    with engine.connect() as connection:
        for table in inspect(engine).get_table_names():
            rows = connection.execute(text(f'SELECT * FROM "{table}"')).all()
            found |= {table for row in rows if case in map(str, row)}
    return found


def test_purged_case_leaves_only_its_tombstone(
    book: CaseBook, workspace: WorkspaceApi, retention: RetentionApi, engine: Engine, case: str
) -> None:
    was = workspace.summary(case)
    assert not retention.purge_cases("fraud", KEPT).purged
    grow_old(book)
    assert retention.purge_cases("fraud", KEPT).purged == 1
    assert rows_of(engine, case) == {"purged_case", "purged_event", "purged_alert", "desk_change"}
    line = book.changes().items[-1]
    assert (line.kind, line.actor, line.name, line.before) == ("case_purged", "system", case, None)
    assert line.after is not None
    said = {"kind": "fraud", "outcome": was.outcome, "kept_days": KEPT}
    assert said.items() <= line.after.items()
    report = book.audit()
    assert (report.broken, report.purged, report.cases) == (None, 1, 4)


def test_open_cases_are_never_purged(book: CaseBook, retention: RetentionApi, case: str) -> None:
    pass_time(book, 24 * 100_000)
    for kind in ("fraud", "reply"):
        retention.purge_cases(kind, 1)
    assert {each.state for each in book.list_cases().items} <= {
        "investigating",
        "awaiting_review",
        "escalated",
        "acting",
    }
    assert book.verify_case_log() is None


def test_new_event_keeps_a_closed_case_longer(book: CaseBook, workspace: WorkspaceApi, retention: RetentionApi) -> None:
    case = cleared(book)
    grow_old(book)
    workspace.add_note(case, "ana", "The auditors asked for it.")
    assert not retention.purge_cases("fraud", KEPT).purged
    grow_old(book)
    assert retention.purge_cases("fraud", KEPT).purged == 1


def test_locked_account_keeps_its_case(book: CaseBook, retention: RetentionApi) -> None:
    case = locked(book)
    grow_old(book)
    batch = retention.purge_cases("fraud", KEPT)
    assert (batch.purged, batch.kept) == (0, 1)
    reversal = book.request_reversal(case, f"{case}:lock_account:1", "Lisbon.", subject="ana", roles=MANAGER)
    grow_old(book)
    assert not retention.purge_cases("fraud", KEPT).purged, "somebody has asked"
    book.decide_reversal(case, 1, "reject", None, subject="ben", roles=MANAGER)
    grow_old(book)
    assert not retention.purge_cases("fraud", KEPT).purged, "it is locked still"
    assert reversal.status == "requested"


def test_open_case_keeps_what_it_follows(book: CaseBook, retention: RetentionApi) -> None:
    before = cleared(book)
    after = book.open_case(later()).case_id
    assert book.get_fraud_case(after).follows == before
    grow_old(book)
    assert not retention.purge_cases("fraud", KEPT).purged
    clear(book, after)
    grow_old(book)
    assert retention.purge_cases("fraud", KEPT).purged == 2


def test_merged_case_stays_as_long_as_its_target(book: CaseBook, retention: RetentionApi) -> None:
    target, source = two_cases(book)
    book.merge_cases(source, target, "ana", WHY)
    grow_old(book)
    assert not retention.purge_cases("fraud", KEPT).purged
    clear(book, target)
    grow_old(book)
    assert retention.purge_cases("fraud", KEPT).purged == 2
    assert book.verify_case_log() is None


def test_open_task_keeps_its_case(book: CaseBook, retention: RetentionApi) -> None:
    case = cleared(book)
    tasks = TasksApi(book.transactions)
    task = tasks.create_task(NewTask(title="Write to the bank.", case_id=case), Origin("task-1", "ana")).task
    grow_old(book)
    assert not retention.purge_cases("fraud", KEPT).purged
    tasks.delete_task(task.task_id, task.revision)
    assert retention.purge_cases("fraud", KEPT).purged == 1


def test_id_of_purged_case_is_never_used_again(
    book: CaseBook, retention: RetentionApi, workspace: WorkspaceApi
) -> None:
    case = cleared(book)
    grow_old(book)
    retention.purge_cases("fraud", KEPT)
    sentence = f"^Case '{case}' was purged on 2026-04-14: it was kept for 30 days after the last thing that happened"
    calls: tuple[Callable[[], object], ...] = (
        lambda: book.open_case(an_alert(1)),
        lambda: workspace.get_case(case),
        lambda: workspace.list_events(case),
        lambda: workspace.snapshot(case),
        lambda: workspace.audit_case(case),
        lambda: workspace.add_note(case, "ana", "Still there?"),
        lambda: workspace.claim(case, "ana"),
        lambda: book.start_round(case, 2, None),
    )
    for call in calls:
        with pytest.raises(CasePurged, match=sentence):
            call()
    assert book.verify_case_log() is None


def test_joined_alert_of_purged_case_opens_no_other(book: CaseBook, retention: RetentionApi) -> None:
    joining = CaseBook(book.transactions, joins=JoinPolicy(JoinRule(hours=72), {}))
    case = open_case(book)
    assert joining.open_case(later()).joined
    clear(book, case)
    grow_old(book)
    retention.purge_cases("fraud", KEPT)
    open_now = book.open_case(later(3)).case_id
    with pytest.raises(CasePurged):
        book.open_case(later())
    assert book.get_fraud_case(open_now).follows is None


def test_alert_is_not_given_back_to_purged_case(book: CaseBook, engine: Engine, retention: RetentionApi) -> None:
    target, source = two_cases(book)
    book.merge_cases(source, target, "ana", WHY)
    with for_writing(engine).begin() as connection:
        connection.execute(text('UPDATE "case" SET merged_into = NULL WHERE case_id = :c'), {"c": source})
    grow_old(book)
    assert retention.purge_cases("fraud", KEPT).purged == 1
    with pytest.raises(CasePurged):
        book.detach_alert(target, an_alert(2).alert_id, "ana", WHY)


def test_reply_of_purged_case_opens_no_other(book: CaseBook, retention: RetentionApi) -> None:
    case = hold_reply(book)
    with for_writing(book.transactions._engine).begin() as connection:  # pyright: ignore[reportPrivateUsage]
        connection.execute(text("UPDATE \"case\" SET state = 'closed' WHERE case_id = :c"), {"c": case})
    grow_old(book)
    assert retention.purge_cases("reply", KEPT).purged == 1
    with pytest.raises(CasePurged):
        book.open_about(a_held_reply(), LIMITS)


def test_export_of_before_still_verifies(book: CaseBook, retention: RetentionApi, case: str) -> None:
    export = exported(book, case)
    grow_old(book)
    retention.purge_cases("fraud", KEPT)
    assert verify_export(export).broken is None


def test_digests_of_log_survive_a_purge(book: CaseBook, retention: RetentionApi, case: str) -> None:
    grow_old(book)
    numbers = range(1, book.last_seq() + 1)
    digests = book.audit(numbers).digests
    retention.purge_cases("fraud", KEPT)
    assert book.audit(numbers).digests == digests
    assert len(digests) == len(numbers)


def test_batches_go_on_where_one_ended(
    book: CaseBook, retention: RetentionApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purges, "PURGED_AT_ONCE", 2)
    kept = locked(book)
    for number in range(2, 6):
        cleared(book, number)
    grow_old(book)
    reached, purged = 0, list[int]()
    while reached is not None:
        batch = retention.purge_cases("fraud", KEPT, reached)
        purged.append(batch.purged)
        reached = batch.reached
    assert purged == [1, 2, 1]
    assert [each.case_id for each in book.list_cases().items] == [kept]
    assert book.verify_case_log() is None


TAMPERINGS = {
    "a case without a tombstone": ("DELETE FROM purged_case", "has no tombstone"),
    "a tombstone without its line": ("DELETE FROM desk_change", "the desk log ends with|what is there now"),
    "a line without its tombstone": (
        "DELETE FROM purged_case; DELETE FROM purged_event; DELETE FROM purged_alert",
        "the log ends with event 0",
    ),
    "another outcome": ("UPDATE purged_case SET outcome = 'auto_cleared'", "what is there now"),
    "another time": ("UPDATE purged_case SET kept_days = 1", "what is there now"),
    "another kind": ("UPDATE purged_case SET kind = 'reply'", "what is there now"),
    "another hash of an event": (
        "UPDATE purged_event SET hash = 'sha256:0' WHERE seq = (SELECT min(seq) FROM purged_event)",
        "numbers and hashes",
    ),
    "an event less": ("DELETE FROM purged_event WHERE seq = (SELECT max(seq) FROM purged_event)", "missing|ends with"),
    "an alert less": ("DELETE FROM purged_alert", "ids of its alerts"),
    "an event of another case": (
        "UPDATE purged_event SET case_id = 'case-x' WHERE seq = (SELECT max(seq) FROM purged_event)",
        "numbers and hashes",
    ),
    "an alert of a case that is there": ("INSERT INTO purged_alert VALUES ('a-1', 'case-x')", "no tombstone"),
}


@pytest.mark.parametrize(("statements", "reason"), TAMPERINGS.values(), ids=TAMPERINGS)
def test_tampered_tombstone_is_found(
    book: CaseBook, retention: RetentionApi, engine: Engine, statements: str, reason: str
) -> None:
    cleared(book)
    cleared(book, 2)
    grow_old(book)
    retention.purge_cases("fraud", KEPT)
    assert book.verify_case_log() is None
    with for_writing(engine).begin() as connection:
        for statement in statements.split(";"):
            connection.execute(text(statement))
    broken = book.verify_case_log()
    assert broken is not None
    assert re.search(reason, broken.reason), broken.reason


def test_tombstone_of_a_case_that_is_there_is_found(book: CaseBook, retention: RetentionApi, engine: Engine) -> None:
    cleared(book)
    other = open_case(book, 2)
    grow_old(book)
    retention.purge_cases("fraud", KEPT)
    with for_writing(engine).begin() as connection:
        _rename(connection, other)
    broken = book.verify_case_log()
    assert broken is not None
    assert broken.reason == "the case was purged, but something of it is still there"


def _rename(connection: Connection, case: str) -> None:
    connection.execute(text("UPDATE purged_case SET case_id = :c"), {"c": case})
    connection.execute(text("UPDATE purged_event SET case_id = :c"), {"c": case})


def test_case_deleted_without_tombstone_is_found(book: CaseBook, engine: Engine) -> None:
    case = cleared(book)
    cleared(book, 2)
    with for_writing(engine).begin() as connection:
        found = connection.execute(text('SELECT * FROM "case" WHERE case_id = :c'), {"c": case}).all()
        purges.delete_content(connection, found)
    broken = book.verify_case_log()
    assert broken is not None
    assert broken.reason == "event 1 is missing before it"


def no_time(*, days: int) -> timedelta:
    return timedelta(days=0 * days)


def test_purge_before_its_time_is_found(
    book: CaseBook, retention: RetentionApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleared(book)
    with monkeypatch.context() as patch:
        patch.setattr(purges, "timedelta", no_time)
        assert retention.purge_cases("fraud", KEPT).purged == 1
    broken = book.verify_case_log()
    assert broken is not None
    assert "before it had been kept" in broken.reason


def test_tombstone_of_a_case_without_events_is_refused(book: CaseBook, engine: Engine) -> None:
    cleared(book)
    grow_old(book)
    RetentionApi(book.transactions).purge_cases("fraud", KEPT)
    columns = [str(column.name) for column in table_of(PurgedCaseRow).columns]
    forged = {"case_id": "'case-forged'", "events": "0", "log_hash": f"'{log_hash([])}'"}
    with engine.begin() as connection:
        values = ", ".join(forged.get(name, name) for name in columns)
        connection.execute(text(f"INSERT INTO purged_case ({', '.join(columns)}) SELECT {values} FROM purged_case"))
    broken = book.audit().broken
    assert broken is not None
    assert "so few events" in broken.reason


def test_damaged_case_is_kept_and_named(book: CaseBook, engine: Engine) -> None:
    damaged, whole = cleared(book, 1), cleared(book, 2)
    grow_old(book)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM case_event WHERE case_id = :of"), {"of": damaged})
    batch = RetentionApi(book.transactions).purge_cases("fraud", KEPT)
    assert (batch.purged, batch.kept) == (1, 1)
    assert [each.case_id for each in book.list_cases().items] == [damaged]
    assert whole != damaged


def test_case_that_cannot_be_purged_keeps_no_other(book: CaseBook, retention: RetentionApi, engine: Engine) -> None:
    cleared(book)
    grow_old(book)
    assert retention.purge_cases("fraud", KEPT).purged == 1
    cases = [cleared(book, number) for number in range(2, 5)]
    grow_old(book)
    with for_writing(engine).begin() as connection:
        _rename(connection, cases[1])
    batch = retention.purge_cases("fraud", KEPT)
    assert (batch.purged, batch.kept, batch.reached, [*batch.failed]) == (2, 1, None, [cases[1]])
    assert [each.case_id for each in book.list_cases().items] == [cases[1]]


@only_on("sqlite")
def test_purge_scans_no_table(book: CaseBook, retention: RetentionApi, engine: Engine) -> None:
    target, source = two_cases(book)
    book.merge_cases(source, target, "ana", WHY)
    clear(book, target)
    grow_old(book)
    with recorded(engine) as statements:
        assert retention.purge_cases("fraud", KEPT).purged == 2
    steps = plans(engine, [each for each in statements if not each[0].startswith("INSERT")])
    assert [step for step in steps if step.startswith("SCAN") and step != "SCAN story"] == []


def test_clock_that_jumps_in_a_sweep_makes_nothing_old(engine: Engine) -> None:
    clock = SteppingClock()
    book = CaseBook(Transactions(engine, clock))
    retention = RetentionApi(book.transactions)
    cleared(book)
    retention.begin_sweep(timedelta(0))
    clock.now += timedelta(days=10 * KEPT)
    assert retention.purge_cases("fraud", KEPT).purged == 0
    retention.begin_sweep(timedelta(0))
    assert retention.purge_cases("fraud", KEPT).purged == 1


def test_purge_at_a_time_to_come_is_found(book: CaseBook, engine: Engine) -> None:
    cleared(book)
    ahead = Transactions(engine, SteppingClock(book.transactions.now() + timedelta(days=KEPT + 1)))
    assert RetentionApi(ahead).purge_cases("fraud", KEPT).purged == 1
    assert CaseBook(ahead).verify_case_log() is None
    broken = book.verify_case_log()
    assert broken is not None
    assert broken.reason == "the case is said to be purged at a time that has not come"


def test_purge_that_says_another_time_is_found(
    book: CaseBook, retention: RetentionApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said_earlier(connection: Connection, changed: Changed) -> None:
        log_change(connection, replace(changed, at=changed.at - timedelta(minutes=1)))

    cleared(book)
    grow_old(book)
    monkeypatch.setattr(purges, "log_change", said_earlier)
    assert retention.purge_cases("fraud", KEPT).purged == 1
    broken = book.verify_case_log()
    assert broken is not None
    assert broken.reason == "it says that the case was purged at another time"
