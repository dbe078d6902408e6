"""Whose a case is: assigned by hand and by rule, once, and passed on when somebody is away."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from casebook.database.engine import open_engine
from casebook.database.transactions import Transactions
from casebook.errors import (
    AssignedToOther,
    AssigneeAway,
    AssigneeMayNotDecide,
    CaseClosed,
    ClaimedByOther,
    NotAllowed,
    NotAssigned,
    SettingChanged,
)
from casebook.queries.filters import CaseQuery
from contracts.assignment import Absence, AssignmentMode, AssignmentRules, Member, MemberRole
from contracts.case import CaseEvent
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    ANALYST,
    MANAGER,
    NOON,
    SteppingClock,
    a_decision,
    an_escalation,
    an_opening,
    ask,
    asked_in_short,
    begin,
    close_as_failed,
    conclude,
    decide,
    open_case,
    pass_time,
    put,
)


def member(
    subject: str, role: MemberRole = "analyst", skills: Sequence[str] = (), away: Sequence[tuple[float, float]] = ()
) -> Member:
    """`away`: from and until how many hours after noon."""
    hours = [(NOON + timedelta(hours=begins), NOON + timedelta(hours=ends)) for begins, ends in away]
    absences = tuple(Absence(begins_at=begins, ends_at=ends) for begins, ends in hours)
    return Member(subject=subject, role=role, skills=tuple(skills), absences=absences)


TEAM = (member("ana"), member("ben"), member("maria", "manager"))


def set_rules(book: CaseBook, *members: Member, mode: AssignmentMode = "round_robin") -> None:
    rules = AssignmentRules(mode=mode, members=members)
    book.change_assignment(book.assignment().version, rules, "maria")


def holder(book: CaseBook, case: str) -> str | None:
    assignment = book.summary(case).assignment
    assert book.get_fraud_case(case).assignment == assignment
    return None if assignment is None else assignment.assigned_to


def assigned(book: CaseBook, case: str) -> list[CaseEvent]:
    return [event for event in book.case_events(case) if event.type == "assigned"]


def said(book: CaseBook, case: str) -> list[tuple[object, ...]]:
    """Each assignment: by whom, why, from whom, to whom."""
    events = assigned(book, case)
    return [(each.actor, *(each.data[name] for name in ("why", "previously", "assigned_to"))) for each in events]


def next_id(book: CaseBook, subject: str, *, as_manager: bool = False) -> str | None:
    handed = book.next_case(subject, as_manager=as_manager)
    return None if handed is None else handed.case_id


def escalated(book: CaseBook, number: int = 1) -> str:
    opening = ask(book, open_case(book, number))
    pass_time(book)
    book.escalate(an_escalation(opening, 400))
    return opening.case_id


# By rule


def test_nothing_is_assigned_while_the_mode_is_off(book: CaseBook) -> None:
    set_rules(book, *TEAM, mode="off")
    case = asked_in_short(book).case_id
    assert (holder(book, case), assigned(book, case)) == (None, [])


def test_asked_cases_go_round(book: CaseBook) -> None:
    set_rules(book, *TEAM[:2], member("cleo"))
    cases = [asked_in_short(book, number).case_id for number in range(1, 6)]
    assert [holder(book, case) for case in cases] == ["ana", "ben", "cleo", "ana", "ben"]
    assert said(book, cases[0]) == [("system", "by_rule", None, "ana")]
    assert book.audit().broken is None


def test_turn_survives_the_end_of_its_case(book: CaseBook) -> None:
    set_rules(book, *TEAM[:2])
    first = asked_in_short(book, 1).case_id
    close_as_failed(book, first)
    assert holder(book, first) is None, "a closed case is nobody's"
    assert holder(book, asked_in_short(book, 2).case_id) == "ben"
    assert book.audit().broken is None


def test_fewest_open_cases_decide_by_load(book: CaseBook) -> None:
    set_rules(book, *TEAM[:2], mode="by_load")
    cases = [asked_in_short(book, number).case_id for number in range(1, 4)]
    assert [holder(book, case) for case in cases] == ["ana", "ben", "ana"]
    for case in (cases[0], cases[2]):
        close_as_failed(book, case)
    more = [asked_in_short(book, number).case_id for number in range(4, 7)]
    # None to one, one to two; as many each: who was assigned one longest ago.
    assert [holder(book, case) for case in more] == ["ana", "ben", "ana"]


def test_skills_name_alert_types_or_rules(book: CaseBook) -> None:
    set_rules(book, member("ana", skills=["login_storm"]), member("ben", skills=["impossible_travel"]))
    assert [holder(book, asked_in_short(book, number).case_id) for number in (1, 2)] == ["ben", "ben"]
    set_rules(book, member("ana", skills=["login_storm"]))
    assert holder(book, asked_in_short(book, 3).case_id) is None, "nobody can: it stays in the pool"


def test_members_get_nothing_while_they_are_away(book: CaseBook) -> None:
    set_rules(book, member("ana", away=[(-1, 1), (1, 24)]), member("ben"))
    assert [holder(book, asked_in_short(book, number).case_id) for number in (1, 2)] == ["ben", "ben"]
    pass_time(book, 24)
    assert holder(book, asked_in_short(book, 3).case_id) == "ana"


def test_next_round_stays_with_who_has_the_case(book: CaseBook) -> None:
    set_rules(book, *TEAM[:2])
    case = open_case(book)
    decide(book, ask(book, case), "reject")
    begin(book, case, 2)
    ask(book, case, 2)
    assert said(book, case) == [("system", "by_rule", None, "ana")]


def test_escalation_goes_to_somebody_who_may_decide(book: CaseBook) -> None:
    set_rules(book, *TEAM)
    case = escalated(book)
    assert said(book, case) == [("system", "by_rule", None, "ana"), ("system", "escalated", "ana", "maria")]
    set_rules(book, member("ana"))
    assert said(book, escalated(book, 2))[1:] == [("system", "escalated", "ana", None)]
    opened_as_escalated = an_opening(open_case(book, 3), escalation_reason="Nobody answered in time.")
    put(book, opened_as_escalated)
    assert holder(book, opened_as_escalated.case_id) is None
    assert book.audit().broken is None


def test_manager_keeps_a_case_that_escalates(book: CaseBook) -> None:
    set_rules(book, member("maria", "manager"), member("olga", "manager"))
    assert said(book, escalated(book)) == [("system", "by_rule", None, "maria")]


def test_second_approval_is_passed_on(book: CaseBook) -> None:
    set_rules(book, *TEAM[:2])
    opening = an_opening(open_case(book))
    two = {"approvals_required": 2, "four_eyes_actions": ("lock_account",)}
    opening = opening.model_copy(update={"review": opening.review.model_copy(update=two)})
    put(book, opening)
    book.accept_decision(a_decision(opening, decided_by="ana"), ANALYST)
    assert said(book, opening.case_id)[1:] == [("system", "second_approval", "ana", "ben")]
    assert (next_id(book, "ana"), next_id(book, "ben")) == (None, opening.case_id)


def test_backends_at_once_assign_each_case_once_in_turn(url: str, engine: Engine, book: CaseBook) -> None:
    """Twelve questions on two engines at one moment, each asked twice: every member has four cases."""
    set_rules(book, member("ana"), member("ben"), member("cleo"))
    openings = [an_opening(open_case(book, number)) for number in range(1, 13)]
    for opening in openings:
        conclude(book, opening.case_id, opening.assessment)
    engines = [engine, open_engine(url)]
    books = [CaseBook(Transactions(each, SteppingClock())) for each in engines]

    def put_question(number: int) -> None:
        books[number % 2].open_review(openings[number // 2])

    with ThreadPoolExecutor(8) as threads:
        assert [*threads.map(put_question, range(24))] == [None] * 24
    engines[1].dispose()
    counted = Counter(holder(book, opening.case_id) for opening in openings)
    assert counted == {"ana": 4, "ben": 4, "cleo": 4}
    assert [len(assigned(book, opening.case_id)) for opening in openings] == [1] * 12
    assert book.audit().broken is None


# By hand


def test_people_take_a_case_and_put_it_back(book: CaseBook) -> None:
    case = asked_in_short(book).case_id
    taken = book.assign(case, "ana", ANALYST, "ana")
    assert (taken.assigned_to, taken.assigned_by) == ("ana", "ana")
    assert book.assign(case, "ana", ANALYST, "ana") == book.summary(case).assignment
    with pytest.raises(AssignedToOther, match="assigned to ana: ask ana, or a manager, to pass it on"):
        book.assign(case, "ben", ANALYST, "ben")
    with pytest.raises(AssignedToOther):
        book.unassign(case, "ben")
    with pytest.raises(NotAllowed):
        book.assign(case, "ben", ANALYST, "ana")
    book.claim(case, "ana")
    book.unassign(case, "ana", reason="Not my field.")
    assert (book.summary(case).claim, holder(book, case)) == (None, None)
    with pytest.raises(NotAssigned):
        book.unassign(case, "ana")
    assert said(book, case) == [("ana", "by_hand", None, "ana"), ("ana", "by_hand", "ana", None)]
    assert assigned(book, case)[1].data["reason"] == "Not my field."


def test_managers_assign_whoever_works_on_the_case(book: CaseBook) -> None:
    case = asked_in_short(book).case_id
    book.claim(case, "ben")
    with pytest.raises(ClaimedByOther):
        book.assign(case, "ana", ANALYST, "ana")
    book.assign(case, "ana", ANALYST, "maria", as_manager=True)
    assert (book.summary(case).claim, assigned(book, case)[0].data["ends_claim_of"]) == (None, "ben")
    book.unassign(case, "maria", as_manager=True)
    assert holder(book, case) is None
    close_as_failed(book, case)
    with pytest.raises(CaseClosed):
        book.assign(case, "ana", ANALYST, "ana")


def test_nobody_gets_what_they_cannot_decide(book: CaseBook) -> None:
    case = escalated(book)
    with pytest.raises(AssigneeMayNotDecide, match="asks for the role 'manager', which ana does not have"):
        book.assign(case, "ana", ANALYST, "maria", as_manager=True)
    set_rules(book, member("maria", "manager", away=[(0, 1_000)]))
    with pytest.raises(AssigneeAway, match=r"maria is away until 2026-04-25 04:00 UTC: assign the case to somebody"):
        book.assign(case, "maria", MANAGER, "olga", as_manager=True)


# The next case


def test_own_cases_come_first_and_others_never(book: CaseBook) -> None:
    urgent, own, bens = (asked_in_short(book, number).case_id for number in (1, 2, 3))
    book.assign(own, "ana", ANALYST, "ana")
    book.assign(bens, "ben", ANALYST, "ben")
    assert [next_id(book, "ana") for _ in range(4)] == [own, urgent, own, urgent]
    assert [next_id(book, "ben"), next_id(book, "cleo")] == [bens, own if next_id(book, "cleo") == own else None]
    assert book.audit().broken is None


def test_cases_of_who_is_away_are_handed_to_others(book: CaseBook) -> None:
    case = asked_in_short(book).case_id
    book.assign(case, "ana", ANALYST, "ana")
    assert next_id(book, "ben") is None
    set_rules(book, member("ana", away=[(0, 24)]), mode="off")
    assert next_id(book, "ben") == case


def test_list_and_counts_know_whose_cases_are(book: CaseBook) -> None:
    mine, bens, pool = (asked_in_short(book, number).case_id for number in (1, 2, 3))
    for case, subject in ((mine, "ana"), (bens, "ben")):
        book.assign(case, subject, ANALYST, subject)

    def listed(whose: str, **more: Any) -> list[str]:
        page = book.list_cases(CaseQuery(assigned_to=whose, **more), "ana")
        return [case.case_id for case in page.items]

    assert (listed("me"), listed("ben"), listed("none")) == ([mine], [bens], [pool])
    assert listed("me", state=("escalated",)) == []
    assert (book.counts("ana").assigned, book.counts("cleo").assigned) == (1, 0)


# Absences


def look(book: CaseBook) -> int:
    return sum(book.reassign_away(case, subject) for case, subject in book.assigned_away())


def test_absence_passes_open_cases_on_by_the_same_rule(book: CaseBook) -> None:
    set_rules(book, member("ana", away=[(200, 224)]), member("ben"), member("cleo"))
    cases = [asked_in_short(book, number).case_id for number in range(1, 5)]
    rejected = asked_in_short(book, 5)
    decide(book, rejected, "reject")
    book.assign(rejected.case_id, "ana", ANALYST, "maria", as_manager=True)
    assert (look(book), book.next_absence()) == (0, NOON + timedelta(hours=200))

    pass_time(book, 200)

    assert book.assigned_away(limit=1) == [(cases[0], "ana")]
    assert (look(book), look(book)) == (3, 0)
    assert [holder(book, case) for case in cases] == ["cleo", "ben", "cleo", "ben"]
    assert said(book, cases[0])[1] == ("system", "absent", "ana", "cleo")
    assert said(book, rejected.case_id)[-1] == ("system", "absent", "ana", None), "nobody is asked about it"
    assert book.audit().broken is None


def test_without_anybody_else_cases_go_back_to_the_pool(book: CaseBook) -> None:
    case = asked_in_short(book).case_id
    book.assign(case, "ana", ANALYST, "ana")
    set_rules(book, member("ana", away=[(-1, 24)]), mode="off")
    assert (look(book), said(book, case)[-1]) == (1, ("system", "absent", "ana", None))
    assert next_id(book, "ben") == case


def test_case_that_is_no_longer_theirs_stays(book: CaseBook) -> None:
    case = asked_in_short(book).case_id
    book.assign(case, "ana", ANALYST, "ana")
    assert not book.reassign_away(case, "ana"), "she is there"
    set_rules(book, member("ana", away=[(-1, 24)]))
    found = book.assigned_away()
    book.assign(case, "ben", ANALYST, "maria", as_manager=True)
    assert [book.reassign_away(*each) for each in found] == [False]
    assert holder(book, case) == "ben"


def test_backends_at_once_pass_each_case_on_once(url: str, engine: Engine, book: CaseBook) -> None:
    set_rules(book, member("ana"))
    cases = [asked_in_short(book, number).case_id for number in range(1, 9)]
    set_rules(book, member("ana", away=[(-1, 24)]), member("ben"), member("cleo"))
    engines = [engine, open_engine(url)]
    books = [CaseBook(Transactions(each, SteppingClock())) for each in engines]
    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(look, books * 2)) == len(cases)
    engines[1].dispose()
    assert Counter(holder(book, case) for case in cases) == {"ben": 4, "cleo": 4}
    assert [len(assigned(book, case)) for case in cases] == [2] * 8


# The setting


def test_setting_is_changed_by_one_of_two_and_logged(book: CaseBook) -> None:
    rules = AssignmentRules(mode="by_load", members=TEAM)
    changed_to = book.change_assignment(0, rules, "maria")
    assert (changed_to.version, changed_to.changed_by, book.assignment()) == (1, "maria", changed_to)
    with pytest.raises(SettingChanged, match="was changed by maria meanwhile, it has version 1 now"):
        book.change_assignment(0, AssignmentRules(), "olga")
    assert book.change_assignment(1, rules, "olga") == changed_to, "nothing is changed"
    (line,) = book.changes().items
    assert (line.kind, line.actor, line.owner, line.name) == ("assignment_changed", "maria", None, "assignment")
    assert (line.before, line.after) == ({"mode": "off", "members": []}, rules.model_dump(mode="json"))
    assert book.audit().broken is None
