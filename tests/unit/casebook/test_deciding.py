"""Asking a person, taking one answer, and acting on it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from casebook.errors import (
    AlreadyDecided,
    AssessmentChanged,
    CasebookError,
    CaseClosed,
    CaseNotFound,
    IllegalMove,
    NoOpenReview,
    NotAllowed,
    NotApproved,
    ReviewMismatch,
    ReviewNotFound,
    ReviewSuperseded,
)
from casebook.outbox import Outbox
from casebook.repository import CaseBook
from casebook.transactions import Transactions
from contracts.assessment import EffectAction, RecommendedAction
from contracts.case import CaseState
from contracts.ids import review_id
from contracts.report import SPECIALISTS
from contracts.review import Label, Verdict
from tests.unit.casebook.builders import (
    MANAGER,
    NOON,
    a_decision,
    a_report,
    all_events,
    an_assessment,
    an_effect,
    an_escalation,
    an_opening,
    ask,
    asked_in_short,
    closing,
    investigate,
    open_case,
)

OTHER_HASH = "sha256:" + "f" * 64


def test_an_open_review_asks_about_the_assessment_of_its_round(book: CaseBook):
    case = open_case(book)
    opening = ask(book, case)

    view = book.get_case(case)

    assert (view.state, view.progress.phase) == ("awaiting_review", "awaiting_review")
    assert view.review == opening.review
    assert view.assessment == opening.assessment
    assert book.summary(case).due_at == NOON + timedelta(hours=72)


def test_opening_a_review_again_changes_nothing(book: CaseBook):
    case = open_case(book)
    opening = ask(book, case)
    before, seq = book.get_case(case), book.last_seq()

    book.open_review(opening)

    assert (book.get_case(case), book.last_seq()) == (before, seq)


def test_what_a_person_sees_is_what_the_review_is_bound_to(book: CaseBook):
    """A repeated assessment may have come out differently; the one that is asked about is shown."""
    case = open_case(book)
    book.save_assessment(case, an_assessment(score=0.7))
    asked_about = an_assessment(score=0.9)

    book.open_review(an_opening(case, asked_about))

    assert book.get_case(case).assessment == asked_about
    assert book.get_case(case).progress.score == 0.9


def test_a_review_of_something_else_is_refused(book: CaseBook):
    case = open_case(book)
    investigate(book, case)
    good = an_opening(case)
    wrong_hash = good.review.model_copy(update={"assessment_hash": OTHER_HASH})
    wrong_case = good.review.model_copy(update={"review_id": review_id("case-other", 1)})

    with pytest.raises(ReviewMismatch, match="hash"):
        book.open_review(good.model_copy(update={"review": wrong_hash}))
    with pytest.raises(ReviewMismatch, match="case or round"):
        book.open_review(good.model_copy(update={"review": wrong_case}))
    with pytest.raises(ReviewMismatch, match="round"):
        book.open_review(good.model_copy(update={"assessment": an_assessment(2)}))
    assert book.get_case(case).review is None


def test_a_manager_is_asked_in_a_round_of_its_own_on_the_reports_of_the_one_before(book: CaseBook):
    case = open_case(book)
    rejected = ask(book, case)
    book.accept_decision(a_decision(rejected, "reject"), MANAGER)
    same_reports = an_assessment(1).model_copy(update={"round": 2})

    book.open_review(an_opening(case, same_reports, escalation_reason="All attempts are used up."))

    view = book.get_case(case)
    assert (view.state, view.round, view.progress.phase) == ("escalated", 2, "escalated")
    assert view.reports == tuple(a_report(specialist) for specialist in SPECIALISTS)
    assert view.review is not None
    assert view.review.required_role == "manager"
    assert [event.type for event in book.case_events(case)][-2:] == ["review_opened", "escalated"]
    assert view.earlier_rounds[0].decision == a_decision(rejected, "reject")


def test_an_escalation_moves_the_deadline_and_the_role_of_the_same_review(book: CaseBook):
    case = open_case(book)
    opening = ask(book, case)
    escalation = an_escalation(opening)

    assert book.escalate(escalation) is None

    view = book.get_case(case)
    assert view.state == "escalated"
    assert view.review == escalation.review
    assert book.summary(case).due_at == escalation.review.due_at
    seq = book.last_seq()
    assert book.escalate(escalation) is None
    assert book.last_seq() == seq
    book.accept_decision(a_decision(opening), MANAGER)
    assert book.get_case(case).decisions == (a_decision(opening),)


def test_a_second_escalation_with_a_later_deadline_is_another_event(book: CaseBook):
    case = open_case(book)
    opening = ask(book, case)
    book.escalate(an_escalation(opening, hours=144))
    book.escalate(an_escalation(opening, hours=200))

    assert [event.type for event in book.case_events(case)].count("escalated") == 2
    assert book.summary(case).due_at == NOON + timedelta(hours=200)


def test_a_decision_that_came_before_the_escalation_stands(book: CaseBook):
    case = open_case(book)
    opening = ask(book, case)
    book.accept_decision(a_decision(opening), MANAGER)

    assert book.escalate(an_escalation(opening)) == a_decision(opening)
    assert book.get_case(case).state == "awaiting_review"


def test_an_unknown_review_is_not_escalated_and_not_expired(book: CaseBook):
    case, other = open_case(book, 1), open_case(book, 2)
    opening = ask(book, other)
    foreign = an_escalation(opening).model_copy(update={"case_id": case})

    with pytest.raises(ReviewNotFound):
        book.escalate(foreign)
    with pytest.raises(ReviewNotFound):
        book.escalate(an_escalation(an_opening(case)))
    with pytest.raises(ReviewNotFound):
        book.expire_review(case, opening.review.review_id)


def test_an_expired_review_takes_no_decision(book: CaseBook):
    case = open_case(book)
    opening = ask(book, case)

    assert book.expire_review(case, opening.review.review_id) is None
    assert book.expire_review(case, opening.review.review_id) is None

    with pytest.raises(NoOpenReview):
        book.accept_decision(a_decision(opening), MANAGER)
    with pytest.raises(NoOpenReview):
        book.escalate(an_escalation(opening))
    assert book.get_case(case).review is None


def test_a_decision_accepted_before_the_review_expires_is_handed_back(book: CaseBook):
    case = open_case(book)
    opening = ask(book, case)
    book.accept_decision(a_decision(opening), MANAGER)

    assert book.expire_review(case, opening.review.review_id) == a_decision(opening)


def test_an_accepted_decision_is_logged_under_the_name_of_who_decided_and_awaits_delivery(book: CaseBook):
    case = open_case(book)
    opening = ask(book, case)

    book.accept_decision(a_decision(opening), MANAGER)

    view = book.get_case(case)
    assert view.review is None
    assert view.decisions == (a_decision(opening),)
    event = book.case_events(case)[-1]
    assert (event.type, event.actor, event.data["verdict"], event.data["round"]) == (
        "decision_accepted",
        "ana",
        "approve",
        1,
    )
    assert book.undelivered_decisions() == [a_decision(opening)]
    Outbox(book.transactions).confirm(delivered=[opening.review.review_id])
    Outbox(book.transactions).confirm(delivered=[opening.review.review_id])
    assert book.undelivered_decisions() == []


def test_undelivered_decisions_come_in_the_order_in_which_they_were_accepted(book: CaseBook):
    openings = [ask(book, open_case(book, number)) for number in (1, 2, 3)]
    for opening in reversed(openings):
        book.accept_decision(a_decision(opening), MANAGER)

    waiting = [decision.review_id for decision in book.undelivered_decisions()]

    assert waiting == [opening.review.review_id for opening in reversed(openings)]
    assert [decision.review_id for decision in book.undelivered_decisions(limit=2)] == waiting[:2]
    assert [decision.review_id for decision in book.undelivered_decisions(after=waiting[0])] == waiting[1:]


def test_a_decision_is_refused_unless_it_answers_what_is_asked_right_now(book: CaseBook):
    case = open_case(book)
    investigate(book, case)
    opening = an_opening(case)

    with pytest.raises(CaseNotFound):
        book.accept_decision(a_decision(an_opening("case-nobody")), MANAGER)
    with pytest.raises(NoOpenReview):
        book.accept_decision(a_decision(opening), MANAGER)

    book.open_review(opening)
    with pytest.raises(AssessmentChanged):
        book.accept_decision(a_decision(opening).model_copy(update={"assessment_hash": OTHER_HASH}), MANAGER)
    with pytest.raises(NoOpenReview):
        book.accept_decision(a_decision(opening).model_copy(update={"review_id": review_id(case, 7)}), MANAGER)
    seq = book.last_seq()

    book.accept_decision(a_decision(opening, "reject"), MANAGER)
    with pytest.raises(AlreadyDecided, match="decided by ana"):
        book.accept_decision(a_decision(opening, decided_by="bo"), MANAGER)
    assert book.last_seq() == seq + 1

    book.start_round(case, 2)
    with pytest.raises(ReviewSuperseded) as superseded:
        book.accept_decision(a_decision(opening), MANAGER)
    assert str(superseded.value) == (
        "This case moved to round 2 while you were reading: the assessment changed. Reload to see it."
    )

    book.close_case(closing(case, "unresolved", 2))
    with pytest.raises(CaseClosed, match="unresolved"):
        book.accept_decision(a_decision(opening), MANAGER)
    assert book.get_case(case).decisions == (a_decision(opening, "reject"),)


def test_closing_a_case_withdraws_its_open_review(book: CaseBook):
    case = open_case(book)
    ask(book, case)
    book.close_case(closing(case, "unresolved"))

    assert book.get_case(case).review is None
    assert book.summary(case).due_at is None


def test_a_round_that_starts_over_an_open_review_supersedes_it(book: CaseBook):
    case = open_case(book)
    opening = ask(book, case)
    book.start_round(case, 2)

    with pytest.raises(ReviewSuperseded):
        book.accept_decision(a_decision(opening), MANAGER)
    assert book.get_case(case).review is None


def test_nobody_is_asked_about_a_round_that_the_case_has_passed(book: CaseBook):
    case = open_case(book)
    investigate(book, case, 1)
    book.start_round(case, 2)

    with pytest.raises(ReviewSuperseded, match="round 2"):
        book.open_review(an_opening(case))


@pytest.mark.timeout(600)
def test_of_two_people_who_click_together_exactly_one_decides_200_times(engine: Engine, book: CaseBook):
    """Each has a casebook of their own, so that only the database can keep them apart."""
    desks = {who: CaseBook(Transactions(engine)) for who in ("ana", "bo")}
    openings = [asked_in_short(book, number) for number in range(1, 201)]
    together = threading.Barrier(2, timeout=60)

    def click(who: str) -> list[CasebookError | None]:
        refusals: list[CasebookError | None] = []
        for opening in openings:
            together.wait()
            try:
                desks[who].accept_decision(a_decision(opening, decided_by=who), MANAGER)
                refusals.append(None)
            except CasebookError as refused:
                refusals.append(refused)
        return refusals

    with ThreadPoolExecutor(2) as people:
        by_ana, by_bo = people.map(click, desks)

    recorded = {each.review_id: each.decided_by for each in book.undelivered_decisions(limit=500)}
    for opening, ana_refused, bo_refused in zip(openings, by_ana, by_bo, strict=True):
        winner, loser = ("ana", bo_refused) if ana_refused is None else ("bo", ana_refused)
        assert (ana_refused is None) != (bo_refused is None)
        assert isinstance(loser, AlreadyDecided)
        assert winner in str(loser)
        assert recorded.pop(opening.review.review_id) == winner
    assert recorded == {}
    accepted = [event.case_id for event in all_events(book) if event.type == "decision_accepted"]
    assert sorted(accepted) == sorted(opening.case_id for opening in openings)
    assert book.verify_audit() is None


def test_an_approved_effect_is_followed_from_start_to_finish(book: CaseBook):
    case = open_case(book)
    book.accept_decision(a_decision(ask(book, case)), MANAGER)

    book.start_effect(case, an_effect(case))
    assert book.get_case(case).state == "acting"
    assert book.get_case(case).effects == (an_effect(case),)

    book.finish_effect(case, an_effect(case, status="done"))
    assert book.get_case(case).effects == (an_effect(case, status="done"),)
    assert [event.type for event in book.case_events(case)][-2:] == ["effect_started", "effect_finished"]

    book.close_case(closing(case))
    seq = book.last_seq()
    book.start_effect(case, an_effect(case))
    book.finish_effect(case, an_effect(case, status="done"))
    assert book.last_seq() == seq


def test_an_effect_that_is_done_stays_done(book: CaseBook):
    case = open_case(book)
    book.accept_decision(a_decision(ask(book, case)), MANAGER)
    book.finish_effect(case, an_effect(case, status="unknown"))
    book.finish_effect(case, an_effect(case, status="done"))

    book.finish_effect(case, an_effect(case, status="failed"))
    book.start_effect(case, an_effect(case))

    assert book.get_case(case).effects == (an_effect(case, status="done"),)


def test_effects_are_shown_in_the_order_in_which_they_started(book: CaseBook):
    case = open_case(book)
    book.accept_decision(a_decision(ask(book, case), action="lock_and_refund"), MANAGER)
    actions: tuple[EffectAction, ...] = ("refund_charges", "lock_account")
    for action in actions:
        book.start_effect(case, an_effect(case, action))

    assert tuple(effect.action for effect in book.get_case(case).effects) == actions


@pytest.mark.parametrize(
    ("approved", "allowed"),
    [
        ("clear", set[EffectAction]()),
        ("lock_account", {"lock_account"}),
        ("refund_charges", {"refund_charges"}),
        ("lock_and_refund", {"lock_account", "refund_charges"}),
    ],
)
def test_only_what_a_person_approved_can_happen(
    book: CaseBook, approved: RecommendedAction, allowed: set[EffectAction]
):
    case = open_case(book)
    book.accept_decision(a_decision(ask(book, case), action=approved), MANAGER)
    actions: tuple[EffectAction, ...] = ("lock_account", "refund_charges")
    for action in actions:
        if action in allowed:
            book.start_effect(case, an_effect(case, action))
            continue
        with pytest.raises(NotApproved, match=action):
            book.start_effect(case, an_effect(case, action))
        with pytest.raises(NotApproved, match=action):
            book.finish_effect(case, an_effect(case, action, "done"))

    assert {effect.action for effect in book.get_case(case).effects} == allowed


def test_nothing_happens_on_a_rejection_or_before_a_decision(book: CaseBook):
    case = open_case(book)
    opening = ask(book, case)
    with pytest.raises(NotApproved):
        book.start_effect(case, an_effect(case))

    book.accept_decision(a_decision(opening, "reject"), MANAGER)

    with pytest.raises(NotApproved):
        book.start_effect(case, an_effect(case))


def test_an_acting_case_can_only_be_closed(book: CaseBook):
    case = open_case(book)
    book.accept_decision(a_decision(ask(book, case)), MANAGER)
    book.start_effect(case, an_effect(case))

    with pytest.raises(IllegalMove, match="from 'acting' to 'investigating'"):
        book.start_round(case, 2)
    with pytest.raises(IllegalMove, match="from 'acting' to 'awaiting_review'"):
        book.open_review(an_opening(case, an_assessment(2)))


def test_counts_name_every_state(book: CaseBook):
    open_case(book, 1)
    ask(book, open_case(book, 2))
    third = open_case(book, 3)
    book.escalate(an_escalation(ask(book, third)))
    fourth = open_case(book, 4)
    book.close_case(closing(fourth, "cleared"))

    expected: dict[CaseState, int] = {
        "investigating": 1,
        "awaiting_review": 1,
        "escalated": 1,
        "acting": 0,
        "closed": 1,
    }
    assert book.counts() == expected


@pytest.mark.parametrize(
    ("verdict", "action", "label"),
    [
        ("approve", "clear", "false_alarm"),
        ("approve", "lock_account", "true_fraud"),
        ("reject", None, "inconclusive"),
    ],
)
def test_a_decision_without_a_label_gets_the_one_that_follows_from_it(
    book: CaseBook, verdict: Verdict, action: RecommendedAction | None, label: Label
):
    opening = asked_in_short(book)
    unlabelled = a_decision(opening, verdict, action).model_copy(update={"label": None})

    recorded = book.accept_decision(unlabelled, MANAGER)

    assert recorded == unlabelled.model_copy(update={"label": label})
    assert book.get_case(opening.case_id).decisions == (recorded,)
    assert book.undelivered_decisions() == [recorded]


def test_a_label_that_was_given_is_kept(book: CaseBook):
    opening = asked_in_short(book)
    book.accept_decision(a_decision(opening).model_copy(update={"label": "inconclusive"}), MANAGER)
    assert [decision.label for decision in book.get_case(opening.case_id).decisions] == ["inconclusive"]


def test_the_role_is_the_one_that_the_review_asks_for_when_the_decision_arrives(book: CaseBook):
    """Between opening the page and pressing the button, the review may have passed to a manager."""
    opening = asked_in_short(book)
    with pytest.raises(NotAllowed, match="'analyst'"):
        book.accept_decision(a_decision(opening), ("viewer",))
    with pytest.raises(NotAllowed, match="'analyst'"):
        book.accept_decision(a_decision(opening), ())

    book.escalate(an_escalation(opening))
    seq = book.last_seq()
    with pytest.raises(NotAllowed, match="'manager'"):
        book.accept_decision(a_decision(opening), ("analyst",))

    assert book.last_seq() == seq
    assert book.get_case(opening.case_id).review is not None
    book.accept_decision(a_decision(opening), ("analyst", "manager"))


def test_a_reminder_is_noted_once_while_somebody_is_asked(book: CaseBook):
    opening = asked_in_short(book)
    review, at = opening.review.review_id, NOON + timedelta(hours=48)

    book.remind(opening.case_id, review, at)
    book.remind(opening.case_id, review, at)

    reminded = [event for event in book.case_events(opening.case_id) if event.type == "review_reminded"]
    assert [event.data["review_id"] for event in reminded] == [review]
    book.accept_decision(a_decision(opening), MANAGER)
    seq = book.last_seq()
    book.remind(opening.case_id, review, at + timedelta(hours=1))
    assert book.last_seq() == seq
    with pytest.raises(ReviewNotFound):
        book.remind(opening.case_id, review_id(opening.case_id, 9), at)


def test_an_expired_review_says_so_in_the_log(book: CaseBook):
    opening = asked_in_short(book)
    book.expire_review(opening.case_id, opening.review.review_id)
    book.expire_review(opening.case_id, opening.review.review_id)
    assert [event.type for event in book.case_events(opening.case_id)].count("review_expired") == 1


def test_an_approval_whose_facts_have_changed_allows_nothing(book: CaseBook):
    opening = asked_in_short(book)
    case = opening.case_id
    book.accept_decision(a_decision(opening), MANAGER)

    book.note_changed_facts(case, 1, ("The account is locked already.",))
    book.note_changed_facts(case, 1, ("The account is locked already.",))

    with pytest.raises(NotApproved):
        book.start_effect(case, an_effect(case))
    event = book.case_events(case)[-1]
    assert (event.type, event.data) == (
        "facts_changed",
        {"round": 1, "changes": ["The account is locked already."]},
    )
    again = an_opening(case, an_assessment(2))
    book.open_review(again)
    book.accept_decision(a_decision(again), MANAGER)
    book.start_effect(case, an_effect(case))
    assert book.get_case(case).state == "acting"


def test_an_approval_of_an_earlier_round_allows_nothing(book: CaseBook):
    opening = asked_in_short(book)
    case = opening.case_id
    book.accept_decision(a_decision(opening), MANAGER)
    book.start_round(case, 2)
    with pytest.raises(NotApproved):
        book.finish_effect(case, an_effect(case, status="done"))
