"""Snoozed cases: out of the queue until a time, or until something happens; never beyond a deadline."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from casebook.audit.verify_export import verify_export
from casebook.commands.attachments import Upload
from casebook.database.engine import for_writing, open_engine
from casebook.database.transactions import Transactions
from casebook.errors import (
    CaseClosed,
    ClaimedByOther,
    NoOpenReview,
    NotAllowed,
    NotSnoozed,
    SnoozeTooLong,
    SnoozeTooShort,
)
from casebook.policy.alert_joins import JoinPolicy
from casebook.queries.filters import CaseQuery
from casebook.workspace_api import WorkspaceApi
from contracts.investigation import ReviewOpening
from contracts.review import Role
from contracts.snooze import Snooze
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    HASTY,
    MANAGER,
    NOON,
    a_decision,
    an_alert,
    an_escalation,
    an_opening,
    begin,
    close_as_failed,
    open_case,
    pass_time,
    put,
)
from tests.unit.casebook.test_export import exported

ANALYST: tuple[Role, ...] = ("analyst",)
HOUR = timedelta(hours=1)


def asked(
    book: CaseBook, number: int = 1, *, remind_after: timedelta | None = None, escalated: bool = False
) -> ReviewOpening:
    """A case that waits for a person, due in 72 hours."""
    case = book.open_case(an_alert(number)).case_id
    begin(book, case, policy=HASTY)
    opening = an_opening(case, escalation_reason="Nobody answered in time." if escalated else None)
    remind_at = None if remind_after is None else NOON + remind_after
    opening = opening.model_copy(update={"review": opening.review.model_copy(update={"remind_at": remind_at})})
    put(book, opening)
    return opening


def now(book: CaseBook) -> datetime:
    return book.transactions.now()


def next_id(book: CaseBook, subject: str = "ben", *, as_manager: bool = False) -> str | None:
    handed = book.next_case(subject, as_manager=as_manager)
    return None if handed is None else handed.case_id


def listed(book: CaseBook, **query: Any) -> set[str]:
    return {case.case_id for case in book.list_cases(CaseQuery.model_validate(query), "ana").items}


def test_snoozed_case_is_out_of_queue_until_its_time(book: CaseBook) -> None:
    case, other = asked(book, 1).case_id, asked(book, 2).case_id
    until = now(book) + HOUR
    snoozed = book.snooze(case, "ana", ANALYST, until, reason="The customer rings back.")

    assert snoozed == Snooze(snoozed_by="ana", until=until, until_activity=False)
    assert book.summary(case).snooze == book.get_fraud_case(case).snooze == snoozed
    assert (listed(book, snoozed=True), listed(book, snoozed=False)) == ({case}, {other})
    assert listed(book) == {case, other}
    counts = book.counts("ana")
    assert (counts.unclaimed, counts.snoozed["awaiting_review"], counts.snoozed["escalated"]) == (1, 1, 0)
    assert [next_id(book), next_id(book, "cleo")] == [other, None]

    last = book.last_seq()
    pass_time(book, 1)

    assert book.last_seq() == last
    assert book.summary(case).snooze is None
    assert (listed(book, snoozed=True), listed(book, snoozed=False)) == (set(), {case, other})
    assert next_id(book, "cleo") == case
    event = next(event for event in book.case_events(case) if event.type == "snoozed")
    assert (event.actor, event.data) == (
        "ana",
        {
            "until": until.isoformat().replace("+00:00", "Z"),
            "until_activity": False,
            "reason": "The customer rings back.",
            "previous_assignee": None,
        },
    )
    assert book.audit().broken is None


def test_snooze_lasts_until_the_reminder_then_the_deadline(book: CaseBook) -> None:
    opening = asked(book, remind_after=48 * HOUR)
    remind_at, due_at = opening.review.remind_at, opening.review.due_at
    assert remind_at is not None
    assert book.snooze(opening.case_id, "ana", ANALYST).until == remind_at
    with pytest.raises(SnoozeTooLong, match="At 2026-03-16 12:00 UTC people are reminded of this case: snooze it"):
        book.snooze(opening.case_id, "ana", ANALYST, remind_at + HOUR)

    pass_time(book, 49)

    with pytest.raises(SnoozeTooLong, match="At 2026-03-17 12:00 UTC this case is due: snooze it until then"):
        book.snooze(opening.case_id, "ana", ANALYST, due_at + HOUR)
    assert book.snooze(opening.case_id, "ana", ANALYST).until == due_at
    with pytest.raises(SnoozeTooShort):
        book.snooze(opening.case_id, "ana", ANALYST, now(book) - HOUR)


def test_snooze_ends_the_claim_and_a_claim_the_snooze(book: CaseBook) -> None:
    case = asked(book).case_id
    book.claim(case, "ana")
    book.snooze(case, "ana", ANALYST)
    assert (book.summary(case).claim, book.counts("ana").mine) == (None, 0)
    book.claim(case, "ben")
    assert book.summary(case).snooze is None
    with pytest.raises(ClaimedByOther):
        book.snooze(case, "ana", ANALYST)
    book.snooze(case, "ben", ANALYST)
    book.assign(case, "ana", ANALYST, "maria", as_manager=True)
    assert book.summary(case).snooze is not None, "whose it is says nothing of when"
    assert book.audit().broken is None


def test_assignee_or_those_who_may_decide_snooze(book: CaseBook) -> None:
    case = asked(book, escalated=True).case_id
    with pytest.raises(NotAllowed, match="manager"):
        book.snooze(case, "ana", ANALYST)
    book.snooze(case, "maria", MANAGER)
    with pytest.raises(NotAllowed, match="manager"):
        book.end_snooze(case, "ana", ANALYST)
    book.end_snooze(case, "maria", MANAGER)
    book.claim(case, "ana")
    book.snooze(case, "ana", ANALYST)
    book.end_snooze(case, "ana", ANALYST)
    assert book.case_events(case)[-1].type == "snooze_ended"
    assert next_id(book, "maria", as_manager=True) == case


def test_only_a_waiting_case_is_snoozed(book: CaseBook) -> None:
    case = open_case(book)
    with pytest.raises(NoOpenReview):
        book.snooze(case, "ana", ANALYST)
    close_as_failed(book, case)
    with pytest.raises(CaseClosed):
        book.snooze(case, "ana", ANALYST)
    waiting = asked(book, 2).case_id
    with pytest.raises(NotSnoozed):
        book.end_snooze(waiting, "ana", ANALYST)
    book.snooze(waiting, "ana", ANALYST, now(book) + HOUR)
    pass_time(book, 2)
    with pytest.raises(NotSnoozed):
        book.end_snooze(waiting, "ana", ANALYST)


ADDS: dict[str, Callable[[CaseBook, str, str], object]] = {
    "note": lambda book, case, by: book.add_note(case, by, "She rang."),
    "attachment": lambda book, case, by: book.add_attachment(case, by, Upload("a.txt", "text/plain", b"a")),
}


@pytest.mark.parametrize("what", ADDS)
def test_activity_of_others_ends_a_snooze(book: CaseBook, what: str) -> None:
    case, asleep = asked(book, 1).case_id, asked(book, 2).case_id
    book.snooze(case, "ana", ANALYST, until_activity=True)
    book.snooze(asleep, "ana", ANALYST)
    for each in (case, asleep):
        ADDS[what](book, each, "ana")
    assert listed(book, snoozed=True) == {case, asleep}
    for each in (case, asleep):
        ADDS[what](book, each, "ben")
    assert listed(book, snoozed=True) == {asleep}
    assert book.audit().broken is None


def test_escalation_works_as_ever_and_ends_the_snooze(book: CaseBook) -> None:
    opening = asked(book)
    book.snooze(opening.case_id, "ana", ANALYST)
    pass_time(book, 72)
    book.escalate(an_escalation(opening))
    assert (book.summary(opening.case_id).state, listed(book, snoozed=True)) == ("escalated", set())
    assert next_id(book, "maria", as_manager=True) == opening.case_id
    assert book.audit().broken is None


def test_an_alert_that_joins_ends_the_snooze(book: CaseBook) -> None:
    case = asked(book).case_id
    book.snooze(case, "ana", ANALYST)
    second = an_alert(1).model_copy(update={"alert_id": "impossible_travel-1-again"})
    assert CaseBook(book.transactions, joins=JoinPolicy()).open_case(second).joined
    assert (book.summary(case).snooze, listed(book, snoozed=True)) == (None, set())
    with pytest.raises(NoOpenReview):
        book.snooze(case, "ana", ANALYST)
    assert book.audit().broken is None


def test_a_snoozed_case_is_decided_and_then_not_snoozed(book: CaseBook) -> None:
    opening = asked(book)
    book.snooze(opening.case_id, "ana", ANALYST)
    book.accept_decision(a_decision(opening, decided_by="ben"), ANALYST)
    assert book.summary(opening.case_id).snooze is None
    assert book.audit().broken is None


def test_export_of_a_snoozed_case_verifies(book: CaseBook) -> None:
    case = asked(book).case_id
    book.snooze(case, "ana", ANALYST, until_activity=True)
    whole = exported(book, case)
    assert verify_export(whole).broken is None
    assert verify_export(whole.replace(b'"snoozed_by":"ana"', b'"snoozed_by":"eve"')).broken is not None


@pytest.mark.parametrize(
    "forged",
    [
        "snoozed_by = 'mallory'",
        "snoozed_until = NULL",
        "snoozed_until_activity = NOT snoozed_until_activity",
    ],
)
def test_a_forged_snooze_is_found(book: CaseBook, engine: Engine, forged: str) -> None:
    case = asked(book).case_id
    book.snooze(case, "ana", ANALYST)
    with for_writing(engine).begin() as connection:
        connection.execute(text(f'UPDATE "case" SET {forged}'))
    broken = book.audit().broken
    assert broken is not None
    assert broken.row == f"case '{case}'"


@pytest.mark.slow
@pytest.mark.parametrize("times", [50, pytest.param(500, marks=pytest.mark.long)])
def test_case_is_never_both_snoozed_and_claimed(book: CaseBook, engine: Engine, url: str, times: int) -> None:
    """Ana snoozes a case at the moment at which Ben gets it as the next."""
    case = asked(book).case_id
    other = open_engine(url)
    ben = WorkspaceApi(Transactions(other, book.transactions.now))
    seen: set[str] = set()
    failures: list[BaseException] = []

    def put_back() -> None:
        shown = book.summary(case)
        assert shown.claim is None or shown.snooze is None
        if shown.claim is not None:
            seen.add("claimed")
            book.release(case, "ben")
        elif shown.snooze is not None:
            seen.add("snoozed")
            book.end_snooze(case, "ana", ANALYST)

    def take() -> None:
        ben.next_case("ben")

    def snooze() -> None:
        with suppress(ClaimedByOther):
            book.snooze(case, "ana", ANALYST)

    together = threading.Barrier(2, action=put_back)

    def press(act: Callable[[], None]) -> None:
        try:
            for _ in range(times):
                together.wait(60)
                act()
        except BaseException as failure:
            failures.append(failure)
            together.abort()

    people = [threading.Thread(target=press, args=(act,)) for act in (take, snooze)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    other.dispose()

    assert failures == []
    assert seen
    assert book.audit().broken is None
