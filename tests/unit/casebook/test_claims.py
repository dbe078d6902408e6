"""Who works on a case: leases, and the next case for exactly one person."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from casebook.case_log.locked_case import lock_case
from casebook.database.engine import open_engine
from casebook.database.transactions import Transactions
from casebook.errors import CaseClosed, CaseNotFound, ClaimedByOther, NotClaimed
from casebook.workspace_api import WorkspaceApi
from contracts.case import CaseSummary
from contracts.investigation import ReviewOpening
from contracts.severity import Severity
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    ANALYST,
    HASTY,
    NOON,
    a_decision,
    an_alert,
    an_opening,
    asked_in_short,
    begin,
    close_as_failed,
    open_case,
    put,
)

A_FEW_OR_MANY = [100, pytest.param(500, marks=pytest.mark.long)]
"""Times that two people click at once."""


class SetClock:
    """Shows what it was set to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def timed(engine: Engine, clock: SetClock) -> WorkspaceApi:
    return WorkspaceApi(Transactions(engine, clock), claim_lease=timedelta(minutes=30))


def asked(
    book: CaseBook, number: int, *, severity: Severity = "high", due_in_hours: float = 72, escalated: bool = False
) -> ReviewOpening:
    """A case that waits for a person, with as few writes as that takes."""
    case = book.open_case(an_alert(number).model_copy(update={"severity": severity})).case_id
    opening = an_opening(case, escalation_reason="Nobody answered in time." if escalated else None)
    due = opening.review.model_copy(update={"due_at": NOON + timedelta(hours=due_in_hours)})
    opening = opening.model_copy(update={"review": due})
    begin(book, case, policy=HASTY)
    put(book, opening)
    return opening


def test_claim_runs_out_with_its_lease(book: CaseBook, timed: WorkspaceApi, clock: SetClock) -> None:
    case = open_case(book)
    claimed = timed.claim(case, "ana")
    assert (claimed.claimed_at, claimed.expires_at) == (NOON, NOON + timedelta(minutes=30))
    with pytest.raises(ClaimedByOther, match="ana claimed this case at 12:00 UTC: ask ana to release it") as refused:
        timed.claim(case, "ben")
    assert refused.value.status == 409

    clock.now += timedelta(minutes=30)

    assert timed.claim(case, "ben").assignee == "ben"
    assert [event.type for event in book.case_events(case)] == ["case_opened", "claimed", "claimed"]


def test_claiming_again_prolongs_the_claim_and_logs_nothing(
    book: CaseBook, timed: WorkspaceApi, clock: SetClock
) -> None:
    case = open_case(book)
    timed.claim(case, "ana")
    clock.now += timedelta(minutes=20)

    prolonged = timed.claim(case, "ana")

    assert (prolonged.claimed_at, prolonged.expires_at) == (NOON, NOON + timedelta(minutes=50))
    assert [event.type for event in book.case_events(case)] == ["case_opened", "claimed"]


def test_a_claim_is_released_by_whoever_may(book: CaseBook, workspace: WorkspaceApi) -> None:
    case = open_case(book)
    with pytest.raises(NotClaimed):
        workspace.release(case, "ana")
    workspace.claim(case, "ana")
    with pytest.raises(ClaimedByOther):
        workspace.release(case, "ben")
    workspace.release(case, "maria", anybodys=True, reason="Ana is ill.")

    assert book.summary(case).claim is None
    event = book.case_events(case)[-1]
    assert (event.type, event.actor, event.data) == (
        "claim_released",
        "maria",
        {"previous_assignee": "ana", "reason": "Ana is ill.", "moved_on": False},
    )


def test_a_claim_is_taken_over_with_a_reason(book: CaseBook, workspace: WorkspaceApi) -> None:
    case = open_case(book)
    with pytest.raises(NotClaimed):
        workspace.take_over(case, "maria", "Urgent.")
    workspace.claim(case, "ana")

    assert workspace.take_over(case, "maria", "Urgent.").assignee == "maria"

    with pytest.raises(ClaimedByOther):
        workspace.claim(case, "ana")


def test_nobody_claims_a_closed_or_an_unknown_case(book: CaseBook, workspace: WorkspaceApi) -> None:
    case = open_case(book)
    close_as_failed(book, case)
    actions: list[Callable[[str], object]] = [
        lambda case: workspace.claim(case, "ana"),
        lambda case: workspace.assign(case, "ana", ANALYST, "maria", as_manager=True),
        lambda case: workspace.unassign(case, "ana"),
        lambda case: workspace.take_over(case, "maria", "Why not."),
    ]
    for act in actions:
        with pytest.raises(CaseClosed):
            act(case)
        with pytest.raises(CaseNotFound):
            act("case-none")


def test_only_the_assignee_decides_and_ends_the_claim(book: CaseBook, workspace: WorkspaceApi) -> None:
    opening = asked(book, 1)
    workspace.claim(opening.case_id, "ben")
    with pytest.raises(ClaimedByOther):
        book.accept_decision(a_decision(opening, decided_by="ana"), ("analyst",))
    book.accept_decision(a_decision(opening, decided_by="ben"), ("analyst",))
    assert book.get_fraud_case(opening.case_id).claim is None


def test_the_most_urgent_case_comes_first(book: CaseBook, workspace: WorkspaceApi) -> None:
    later = asked(book, 1, severity="critical", due_in_hours=10)
    mild = asked(book, 2, severity="low", due_in_hours=5)
    grave = asked(book, 3, severity="critical", due_in_hours=5)
    younger = asked(book, 4, severity="critical", due_in_hours=5)
    open_case(book, 5)  # nobody is asked about it

    handed = [workspace.next_case(subject) for subject in ("ana", "ben", "cleo", "dan", "eve")]

    wanted = [grave, younger, mild, later]
    assert [case.case_id for case in handed if case] == [opening.case_id for opening in wanted]
    assert handed[4] is None


def next_id(workspace: WorkspaceApi, subject: str = "ana", *, as_manager: bool = False) -> str | None:
    handed = workspace.next_case(subject, as_manager=as_manager)
    return None if handed is None else handed.case_id


def assignee(book: CaseBook, subject: str, *openings: ReviewOpening) -> list[str]:
    """Those of the cases that this person has claimed."""
    claims = {opening.case_id: book.summary(opening.case_id).claim for opening in openings}
    return [case for case, claim in claims.items() if claim is not None and claim.assignee == subject]


def test_next_case_gives_back_an_untouched_case(book: CaseBook, workspace: WorkspaceApi) -> None:
    first, second = asked(book, 1), asked(book, 2)
    assert [next_id(workspace), next_id(workspace)] == [first.case_id, second.case_id]
    assert assignee(book, "ana", first, second) == [second.case_id]
    event = book.case_events(first.case_id)[-1]
    assert (event.type, event.actor, event.data) == (
        "claim_released",
        "ana",
        {"previous_assignee": "ana", "reason": None, "moved_on": True},
    )
    assert next_id(workspace, "ben") == first.case_id
    assert book.audit_case(first.case_id).broken is None


def test_next_case_keeps_the_only_case(book: CaseBook, workspace: WorkspaceApi) -> None:
    only = asked(book, 1)
    assert [next_id(workspace), next_id(workspace)] == [only.case_id, None]
    assert assignee(book, "ana", only) == [only.case_id]


def test_next_case_keeps_cases_worked_on_or_chosen(book: CaseBook, workspace: WorkspaceApi) -> None:
    noted, chosen, last = (asked(book, number) for number in range(1, 4))
    assert next_id(workspace) == noted.case_id
    workspace.add_note(noted.case_id, "ana", "Rang: no answer.")
    workspace.claim(chosen.case_id, "ana")
    assert next_id(workspace) == last.case_id
    assert assignee(book, "ana", noted, chosen, last) == [opening.case_id for opening in (noted, chosen, last)]


def test_note_of_another_person_does_not_keep_a_case(book: CaseBook, workspace: WorkspaceApi) -> None:
    first, second = asked(book, 1), asked(book, 2)
    next_id(workspace)
    workspace.add_note(first.case_id, "ben", "Seen before.")
    assert next_id(workspace) == second.case_id
    assert assignee(book, "ana", first) == []


def test_case_given_back_comes_after_all_others(book: CaseBook, timed: WorkspaceApi, clock: SetClock) -> None:
    first, second = asked(book, 1, due_in_hours=1), asked(book, 2, due_in_hours=2)
    assert [next_id(timed), next_id(timed)] == [first.case_id, second.case_id]
    urgent = asked(book, 3, severity="critical", due_in_hours=0.5)
    assert [next_id(timed) for _ in range(3)] == [urgent.case_id, first.case_id, second.case_id]
    # After a lease it is as it was.
    clock.now += timedelta(minutes=31)
    assert next_id(timed) == urgent.case_id


def test_managers_walk_through_both_queues_without_repeating(book: CaseBook, workspace: WorkspaceApi) -> None:
    cases = [asked(book, number, due_in_hours=number, escalated=number % 2 == 0).case_id for number in range(1, 5)]
    assert [next_id(workspace, "maria", as_manager=True) for _ in range(8)] == cases * 2


def test_decided_or_claimed_case_is_not_handed_out(book: CaseBook, workspace: WorkspaceApi) -> None:
    decided, claimed = asked(book, 1), asked(book, 2)
    book.accept_decision(a_decision(decided), ("analyst",))
    workspace.claim(claimed.case_id, "ben")
    assert workspace.next_case("ana") is None


def test_case_with_expired_claim_is_handed_out_again(book: CaseBook, timed: WorkspaceApi, clock: SetClock) -> None:
    opening = asked(book, 1)
    timed.claim(opening.case_id, "ben")
    clock.now += timedelta(minutes=31)
    handed = timed.next_case("ana")
    assert handed is not None
    assert (handed.case_id, handed.review) == (opening.case_id, opening.review)


def test_managers_are_handed_escalated_cases_too(book: CaseBook, workspace: WorkspaceApi) -> None:
    escalated, waiting = asked(book, 1, due_in_hours=1, escalated=True), asked(book, 2)
    first, second = workspace.next_case("ana"), workspace.next_case("maria", as_manager=True)
    assert first is not None
    assert second is not None
    assert (first.case_id, second.case_id) == (waiting.case_id, escalated.case_id)


def test_second_approval_is_not_handed_to_first_approver(book: CaseBook, workspace: WorkspaceApi) -> None:
    opening = an_opening(open_case(book))
    policy = {"approvals_required": 2, "four_eyes_actions": ("lock_account",)}
    opening = opening.model_copy(update={"review": opening.review.model_copy(update=policy)})
    put(book, opening)
    book.accept_decision(a_decision(opening, decided_by="ana"), ("analyst",))

    assert workspace.next_case("ana") is None
    assert (handed := workspace.next_case("ben"))
    assert handed.case_id == opening.case_id
    assert handed.proposal is not None


def test_one_person_pressing_next_repeatedly_holds_one_case(book: CaseBook, workspace: WorkspaceApi) -> None:
    for number in range(1, 9):
        asked_in_short(book, number)
    together, presses = threading.Barrier(4), 10

    def press(_: int) -> None:
        for _ in range(presses):
            together.wait()
            assert workspace.next_case("ana") is not None

    with ThreadPoolExecutor(4) as people:
        list(people.map(press, range(4)))

    assert workspace.counts("ana").mine == 1
    assert book.audit().broken is None


@pytest.mark.slow
@pytest.mark.parametrize("times", A_FEW_OR_MANY)
def test_two_people_pressing_next_get_different_cases(
    book: CaseBook, engine: Engine, url: str, clock: SetClock, times: int
) -> None:
    """Two people at once, each through connections of their own, while just two cases wait."""
    cases = {asked(book, number).case_id for number in (1, 2)}
    other = open_engine(url)
    handed: dict[str, list[str]] = {"ana": [], "ben": []}
    failures: list[BaseException] = []

    def let_claims_run_out() -> None:
        clock.now += timedelta(hours=1)

    together = threading.Barrier(2, action=let_claims_run_out)

    def press(subject: str, workspace: WorkspaceApi) -> None:
        try:
            for _ in range(times):
                together.wait(60)
                case = workspace.next_case(subject)
                assert case is not None
                assert case.claim is not None
                assert case.claim.assignee == subject
                handed[subject].append(case.case_id)
        except BaseException as failure:
            failures.append(failure)
            together.abort()

    people = [
        threading.Thread(target=press, args=(subject, WorkspaceApi(Transactions(each, clock))))
        for subject, each in (("ana", engine), ("ben", other))
    ]
    for person in people:
        person.start()
    for person in people:
        person.join()
    other.dispose()

    assert failures == []
    together_handed = list(zip(handed["ana"], handed["ben"], strict=True))
    assert len(together_handed) == times
    assert all({first, second} == cases for first, second in together_handed)


def test_case_locked_by_worker_is_waited_for(book: CaseBook, engine: Engine, url: str) -> None:
    opening = asked(book, 1)
    other = open_engine(url)
    handed: list[CaseSummary | None] = []
    workspace = WorkspaceApi(Transactions(other, lambda: datetime.now(UTC)))
    with book.transactions.write() as connection:
        lock_case(connection, opening.case_id)
        person = threading.Thread(target=lambda: handed.append(workspace.next_case("ana")))
        person.start()
        person.join(0.3)
        assert handed == []
    person.join(60)
    other.dispose()
    assert [case.case_id for case in handed if case] == [opening.case_id]
