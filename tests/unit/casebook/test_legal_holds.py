"""A case under a legal hold stays: nothing of it is purged or erased until that is lifted."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from casebook.audit.verify import audit_case
from casebook.audit.verify_export import verify_export
from casebook.chat_api import ChatApi
from casebook.commands.legal_holds import lift_legal_hold, place_legal_hold
from casebook.commands.purges import PurgedBatch
from casebook.commands.tasks import Origin
from casebook.database.engine import for_writing
from casebook.database.transactions import Transactions
from casebook.errors import CasePurged, UnderLegalHold
from casebook.queries.filters import CaseQuery
from casebook.retention_api import RetentionApi
from casebook.tasks_api import TasksApi
from casebook.workspace_api import WorkspaceApi
from contracts.case import CaseEvent
from contracts.kinds.reply import REPLY
from contracts.legal_hold import LegalHold
from contracts.tasks import NewTask, TaskChange
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import NOON, later, only_on, open_case
from tests.unit.casebook.test_conversations import FLAGGED, ask, draft, post, send
from tests.unit.casebook.test_export import exported
from tests.unit.casebook.test_forged_logs import Bend, saying, without, write_anew
from tests.unit.casebook.test_merges import WHY as MERGED
from tests.unit.casebook.test_merges import another, two_cases
from tests.unit.casebook.test_purges import KEPT, clear, cleared, grow_old

WHY, OVER = "The court asked for it.", "The court is done with it."


@pytest.fixture
def retention(book: CaseBook) -> RetentionApi:
    return RetentionApi(book.transactions)


@pytest.fixture
def chat(book: CaseBook) -> ChatApi:
    return ChatApi(book.transactions)


def last(book: CaseBook, case: str) -> CaseEvent:
    return book.case_events(case)[-1]


@pytest.mark.parametrize("make", [open_case, cleared])
def test_case_is_held_once_and_lifted_once(
    book: CaseBook, workspace: WorkspaceApi, make: Callable[[CaseBook], str]
) -> None:
    case = make(book)
    held = workspace.place_legal_hold(case, "maria", WHY)
    assert held == LegalHold(held_by="maria", held_since=last(book, case).at, reason=WHY)
    assert workspace.place_legal_hold(case, "ben", "Another one.") == held
    assert (last(book, case).type, last(book, case).actor) == ("legal_hold_placed", "maria")
    assert workspace.get_case(case).legal_hold == workspace.summary(case).legal_hold == held
    assert workspace.list_cases(CaseQuery(sort="opened")).items[0].legal_hold == held
    assert verify_export(exported(book, case)).broken is None
    for _ in range(2):
        workspace.lift_legal_hold(case, "ben", OVER)
    assert [each.type for each in book.case_events(case)].count("legal_hold_lifted") == 1
    assert last(book, case).data == {"reason": OVER, "held_by": "maria"}
    assert workspace.get_case(case).legal_hold is None
    assert verify_export(exported(book, case)).broken is None
    assert book.audit().broken is None


def test_held_case_is_purged_only_once_lifted(book: CaseBook, workspace: WorkspaceApi, retention: RetentionApi) -> None:
    case = cleared(book)
    workspace.place_legal_hold(case, "maria", WHY)
    grow_old(book)
    assert retention.purge_cases("fraud", KEPT) == PurgedBatch(purged=0, kept=1, reached=None)
    workspace.lift_legal_hold(case, "maria", OVER)
    assert retention.purge_cases("fraud", KEPT).purged == 0
    grow_old(book)
    assert retention.purge_cases("fraud", KEPT).purged == 1
    with pytest.raises(CasePurged):
        workspace.place_legal_hold(case, "maria", WHY)
    with pytest.raises(CasePurged):
        workspace.lift_legal_hold(case, "maria", OVER)
    assert book.audit().broken is None


@pytest.mark.parametrize("held", [0, 1, 2], ids=["source", "between", "target"])
def test_held_case_keeps_what_it_was_merged_with(
    book: CaseBook, workspace: WorkspaceApi, retention: RetentionApi, held: int
) -> None:
    target, between = two_cases(book)
    source = book.open_case(another(3)).case_id
    book.merge_cases(source, between, "ana", MERGED)
    book.merge_cases(between, target, "ana", MERGED)
    clear(book, target)
    workspace.place_legal_hold((source, between, target)[held], "maria", WHY)
    grow_old(book)
    retention.purge_cases("fraud", KEPT)
    assert {each.case_id for each in book.list_cases().items} == {source, between, target}


def test_merged_case_is_purged_after_its_target(
    book: CaseBook, workspace: WorkspaceApi, retention: RetentionApi
) -> None:
    target, source = two_cases(book)
    book.merge_cases(source, target, "ana", MERGED)
    clear(book, target)
    grow_old(book)
    # Which counts its days anew.
    workspace.place_legal_hold(source, "maria", WHY)
    workspace.lift_legal_hold(source, "maria", OVER)
    assert retention.purge_cases("fraud", KEPT).purged == 1
    assert [each.case_id for each in book.list_cases().items] == [source]
    grow_old(book)
    assert retention.purge_cases("fraud", KEPT).purged == 1


@pytest.mark.parametrize("is_held_first", [True, False])
def test_held_case_keeps_the_one_beside_it(
    book: CaseBook, workspace: WorkspaceApi, retention: RetentionApi, is_held_first: bool
) -> None:
    before = cleared(book)
    after = book.open_case(later()).case_id
    clear(book, after)
    workspace.place_legal_hold(before if is_held_first else after, "maria", WHY)
    grow_old(book)
    assert retention.purge_cases("fraud", KEPT).purged == (1 if is_held_first else 0)


def test_held_case_keeps_all_that_led_to_it(book: CaseBook, workspace: WorkspaceApi, retention: RetentionApi) -> None:
    cases = [cleared(book)]
    for number in range(2, 6):
        cases.append(book.open_case(later(number)).case_id)
        clear(book, cases[-1])
    assert [book.get_fraud_case(case).follows for case in cases] == [None, *cases[:-1]]
    workspace.place_legal_hold(cases[-2], "maria", WHY)
    grow_old(book)
    assert retention.purge_cases("fraud", KEPT) == PurgedBatch(purged=1, kept=4, reached=None)
    workspace.lift_legal_hold(cases[-2], "maria", OVER)
    grow_old(book)
    assert retention.purge_cases("fraud", KEPT).purged == 4


@only_on("postgresql")
@pytest.mark.parametrize("related", ["merged", "following"])
def test_purge_waits_for_a_hold_beside_it(book: CaseBook, retention: RetentionApi, related: str) -> None:
    if related == "merged":
        target, source = two_cases(book)
        book.merge_cases(source, target, "ana", MERGED)
        clear(book, target)
        kept, held = target, source
    else:
        kept = cleared(book)
        held = book.open_case(later()).case_id
        clear(book, held)
    grow_old(book)
    with book.transactions.write() as connection:
        place_legal_hold(connection, held, "maria", WHY, book.transactions.now())
        assert retention.purge_cases("fraud", KEPT).purged == 0
    assert retention.purge_cases("fraud", KEPT).purged == 0
    assert kept in {each.case_id for each in book.list_cases().items}


def test_hold_that_only_the_log_knows_still_keeps(
    book: CaseBook, workspace: WorkspaceApi, retention: RetentionApi, engine: Engine
) -> None:
    case = cleared(book)
    workspace.place_legal_hold(case, "maria", WHY)
    grow_old(book)
    with for_writing(engine).begin() as connection:
        connection.execute(text('UPDATE "case" SET legal_hold_since = NULL'))
    assert retention.purge_cases("fraud", KEPT) == PurgedBatch(purged=0, kept=1, reached=None)
    assert book.audit().broken is not None


@only_on("postgresql")
def test_purge_and_hold_never_both_win(book: CaseBook, workspace: WorkspaceApi, retention: RetentionApi) -> None:
    case = cleared(book)
    grow_old(book)
    with book.transactions.write() as connection:
        place_legal_hold(connection, case, "maria", WHY, book.transactions.now())
        assert retention.purge_cases("fraud", KEPT).purged == 0
    assert retention.purge_cases("fraud", KEPT).purged == 0
    assert workspace.get_case(case).legal_hold is not None


def test_conversation_of_a_held_case_is_not_erased(
    book: CaseBook, workspace: WorkspaceApi, retention: RetentionApi, chat: ChatApi
) -> None:
    turn = post(chat)
    ask(book, turn, draft(chat, turn, *FLAGGED))
    send(chat, post(chat, user="eve"))
    case = REPLY.case_id(turn)
    workspace.place_legal_hold(case, "maria", WHY)
    sentence = f"Case '{case}' is under a legal hold: nothing of it is erased until a manager lifts that."
    with pytest.raises(UnderLegalHold) as refused:
        chat.erase_conversation("bob", "ben")
    assert str(refused.value) == sentence
    grow_old(book)
    assert [retention.erase_conversations(KEPT).erased for _ in range(2)] == [1, 0]
    assert [turn.message for turn in chat.conversation("bob").items] == ["Message 1"]
    workspace.lift_legal_hold(case, "maria", OVER)
    assert retention.erase_conversations(KEPT).erased == 1
    assert book.audit().broken is None


def test_tasks_about_a_held_case_stay(book: CaseBook, workspace: WorkspaceApi, retention: RetentionApi) -> None:
    case, tasks = cleared(book), TasksApi(book.transactions)
    tasks.create_task(NewTask(title="Ring back", case_id=case), Origin("task-1", "ana"))
    tasks.complete_task("task-1", None)
    workspace.place_legal_hold(case, "maria", WHY)
    with pytest.raises(UnderLegalHold):
        tasks.delete_task("task-1", None)
    tasks.reopen_task("task-1", None)
    for lost in ({"title": "Done"}, {"notes": "Nothing."}, {"case_id": None}, {"case_id": None, "customer_id": 1}):
        with pytest.raises(UnderLegalHold):
            tasks.change_task("task-1", None, TaskChange.model_validate(lost))
    changed = tasks.change_task("task-1", None, TaskChange(title="Ring back", assignee="ben"))
    assert (changed.title, changed.assignee, changed.case_id) == ("Ring back", "ben", case)
    tasks.complete_task("task-1", None)
    grow_old(book)
    assert retention.delete_tasks(KEPT) == 0
    workspace.lift_legal_hold(case, "maria", OVER)
    assert retention.delete_tasks(KEPT) == 1


def test_tasks_about_merged_cases_stay_with_the_held_one(
    book: CaseBook, workspace: WorkspaceApi, retention: RetentionApi
) -> None:
    target, source = two_cases(book)
    book.merge_cases(source, target, "ana", MERGED)
    clear(book, target)
    tasks = TasksApi(book.transactions)
    for number, case in enumerate((target, source)):
        tasks.create_task(NewTask(title="Ring back", case_id=case), Origin(f"task-{number}", "ana"))
        tasks.complete_task(f"task-{number}", None)
    workspace.place_legal_hold(source, "maria", WHY)
    grow_old(book)
    assert retention.delete_tasks(KEPT) == 0
    workspace.lift_legal_hold(source, "maria", OVER)
    assert retention.delete_tasks(KEPT) == 2


@pytest.mark.parametrize("place", [place_legal_hold, lift_legal_hold])
def test_no_hold_without_a_reason(book: CaseBook, place: Callable[..., object]) -> None:
    case = cleared(book)
    with pytest.raises(ValueError, match="say why"), book.transactions.write() as connection:
        place(connection, case, "maria", " \u200b", NOON)


def test_hold_that_comes_first_stops_an_erasure(engine: Engine, book: CaseBook, chat: ChatApi) -> None:
    turn = post(chat)
    ask(book, turn, draft(chat, turn, *FLAGGED))
    case, refused = REPLY.case_id(turn), list[Exception]()

    def erase() -> None:
        try:
            ChatApi(Transactions(engine)).erase_conversation("bob", "ben")
        except UnderLegalHold as error:
            refused.append(error)

    with book.transactions.write() as connection:
        place_legal_hold(connection, case, "maria", WHY, NOON + timedelta(hours=1))
        erasing = threading.Thread(target=erase)
        erasing.start()
    erasing.join(60)
    assert len(refused) == 1
    assert [turn.message for turn in chat.conversation("bob").items] == ["Message 1"]


def by(actor: str) -> Bend:
    return lambda log: [
        each.model_copy(update={"actor": actor}) if each.type == "legal_hold_lifted" else each for each in log
    ]


FORGED: dict[str, tuple[Bend, str]] = {
    "lifted without a hold": (without("legal_hold_placed"), "'legal_hold_lifted': the case was under no legal hold"),
    "lifted by the product": (by("system"), "'legal_hold_lifted': it is nothing that 'system' does"),
    "held by another": (saying("legal_hold_lifted", held_by="eve"), "it does not say what a 'legal_hold_lifted' says"),
    "held for no reason": (saying("legal_hold_placed", reason=" "), "'legal_hold_placed': nobody says why"),
    "held twice": (
        lambda log: [*log[:-1], log[-2], log[-1]],
        "'legal_hold_placed': the case was under a legal hold already",
    ),
}


@pytest.mark.parametrize("forged", FORGED)
def test_forged_legal_hold_is_named(book: CaseBook, workspace: WorkspaceApi, engine: Engine, forged: str) -> None:
    case = cleared(book)
    workspace.place_legal_hold(case, "maria", WHY)
    workspace.lift_legal_hold(case, "ben", OVER)
    bend, reason = FORGED[forged]
    with for_writing(engine).connect() as connection:
        write_anew(connection, case, bend(book.case_events(case)))
        broken = audit_case(connection, case).broken
        connection.rollback()
    assert broken is not None
    assert reason in broken.reason


@pytest.mark.parametrize("said", [None, {"held_by": "eve", "held_since": NOON.isoformat(), "reason": WHY}])
def test_export_that_hides_a_hold_is_refused(book: CaseBook, workspace: WorkspaceApi, said: Any) -> None:
    case = cleared(book)
    held = workspace.place_legal_hold(case, "maria", WHY).model_dump_json().encode()
    written = exported(book, case)
    forged = written.replace(held, b"null" if said is None else held.replace(b"maria", b"eve"))
    assert forged != written
    assert verify_export(forged).broken is not None
