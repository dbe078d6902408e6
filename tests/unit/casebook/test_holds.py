"""A decision with an effect is held: it is taken back in time, or counts from then on."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from casebook.audit.export import write_json
from casebook.audit.verify_export import verify_export
from casebook.errors import (
    AlertsCannotMove,
    AlreadyDecided,
    DeadlineNotPassed,
    DecisionInEffect,
    FactsNotJustified,
    NoProposal,
    NotApproved,
    OutcomeNotJustified,
    RoundNotJustified,
)
from contracts.actions import ACTIONS, RecommendedAction
from contracts.review import Decision, Verdict
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    NOON,
    SteppingClock,
    a_decision,
    an_effect,
    an_escalation,
    ask_manager,
    asked_in_short,
    carry_out,
    closing,
    later,
    open_case,
    pass_time,
)
from tests.unit.casebook.held_decisions import (
    HOLD,
    held,
    holding,
    let_it_end,
    types_of,
)


@pytest.fixture
def book(engine: Engine, clock: SteppingClock) -> CaseBook:
    return holding(engine, clock)


@pytest.mark.parametrize("action", [*ACTIONS, None])
def test_only_what_has_an_effect_is_held(book: CaseBook, action: RecommendedAction | None):
    opening = asked_in_short(book)
    verdict: Verdict = "reject" if action is None else "approve"

    recorded = book.accept_decision(a_decision(opening, verdict, action), MANAGER)

    assert isinstance(recorded, Decision)
    is_held = action is not None and bool(ACTIONS[action].effects)
    shown = book.get_fraud_case(opening.case_id).hold
    assert (recorded.held_until is not None, shown is not None) == (is_held, is_held)
    assert bool(book.undelivered_decisions()) is not is_held


def test_held_decision_is_shown_with_its_time_left(book: CaseBook, clock: SteppingClock):
    opening = asked_in_short(book)
    recorded = book.accept_decision(a_decision(opening), MANAGER)
    assert isinstance(recorded, Decision)
    assert recorded.held_until == clock.now + HOLD

    clock.now += timedelta(seconds=99)
    view, summary = book.get_fraud_case(opening.case_id), book.summary(opening.case_id)

    assert view.hold is not None
    assert (view.hold.decided_by, view.hold.action, view.hold.held_until) == (
        "ana",
        "lock_account",
        recorded.held_until,
    )
    assert view.hold.seconds_left == HOLD.total_seconds() - 100
    assert summary.hold is not None
    assert (view.state, view.review, view.decisions) == ("awaiting_review", None, (recorded,))
    clock.now += HOLD
    late = book.get_fraud_case(opening.case_id).hold
    assert late is not None
    assert late.seconds_left == 0


def test_hold_ends_before_the_deadline_whoever_s_clock(book: CaseBook, clock: SteppingClock):
    opening, other = asked_in_short(book), asked_in_short(book, 2)
    clock.now = opening.review.due_at - timedelta(minutes=2)
    near = book.accept_decision(a_decision(opening).model_copy(update={"decided_at": clock.now}), MANAGER)
    assert isinstance(near, Decision)
    assert near.held_until == opening.review.due_at - timedelta(seconds=60)

    clock.now = other.review.due_at - timedelta(seconds=50)
    nearer = book.accept_decision(a_decision(other).model_copy(update={"decided_at": clock.now}), MANAGER)
    assert isinstance(nearer, Decision)
    assert nearer.held_until is None
    assert book.audit_case(other.case_id).broken is None


def test_nothing_rests_on_a_held_decision(book: CaseBook):
    opening = held(book)
    case, review = opening.case_id, opening.review.review_id
    refused: dict[type[Exception], list[Callable[[], object]]] = {
        NotApproved: [
            lambda: book.approved_action(case, review),
            lambda: book.start_effect(case, an_effect(case)),
            lambda: book.finish_effect(case, an_effect(case, status="done")),
        ],
        FactsNotJustified: [lambda: book.note_changed_facts(case, 1, ["The account is closed."])],
        OutcomeNotJustified: [
            lambda: book.close_case(closing(case)),
            lambda: book.close_case(closing(case, "cleared")),
            lambda: book.close_case(closing(case, "failed")),
            lambda: book.close_case(closing(case, "unresolved")),
        ],
        RoundNotJustified: [lambda: book.start_round(case, 2)],
        DeadlineNotPassed: [
            lambda: book.escalate(an_escalation(opening)),
            lambda: book.expire_review(case, review),
        ],
        AlreadyDecided: [lambda: book.accept_decision(a_decision(opening, decided_by="bo"), MANAGER)],
        AlertsCannotMove: [lambda: book.merge_cases(case, open_case(book, 9), "ana", "The same story.")],
        NoProposal: [lambda: book.withdraw_proposal(case, "ana")],
    }
    before = book.case_events(case)

    for error, steps in refused.items():
        for step in steps:
            with pytest.raises(error):
                step()

    assert book.accepted_decision(case, review) is None
    assert (book.undelivered_decisions(), book.backlog().undelivered) == ([], 0)
    assert book.case_events(case) == before


def test_decision_counts_once_its_hold_has_ended(book: CaseBook):
    opening = held(book)
    case, review = opening.case_id, opening.review.review_id
    left = book.end_holds()
    assert left is not None
    assert timedelta(0) < left < HOLD
    assert book.get_fraud_case(case).hold is not None

    pass_time(book, HOLD / timedelta(hours=1))
    # Until that is on record nothing has changed: who reads first does not depend on whose clock is ahead.
    assert book.accepted_decision(case, review, announced=0) is None
    assert book.end_holds() is None
    assert book.end_holds() is None

    decision = book.accepted_decision(case, review)
    assert decision is not None
    assert book.undelivered_decisions() == [decision]
    view = book.get_fraud_case(case)
    assert (view.hold, view.decisions, book.summary(case).hold) == (None, (decision,), None)
    assert decision.held_until is not None
    (ended,) = [event for event in book.case_events(case) if event.type == "hold_ended"]
    assert (ended.actor, ended.data["action"], ended.at >= decision.held_until) == ("system", "lock_account", True)
    with pytest.raises(DecisionInEffect) as refused:
        book.withdraw_decision(case, "ana")
    assert str(refused.value) == (
        f"The decision took effect at {decision.held_until:%H:%M:%S} UTC and can no longer be taken back: "
        "ask for what it did to be reversed."
    )
    carry_out(book, case)
    book.close_case(closing(case))
    assert book.verify_case_log() is None


def test_alert_in_the_hold_opens_another_case(book: CaseBook):
    case = held(book).case_id
    beside = book.open_case(later(2))
    assert (beside.created, book.get_fraud_case(beside.case_id).follows) == (True, case)

    other = held(book, 5).case_id
    book.withdraw_decision(other, "ana")

    joined = book.open_case(later(6, 5))
    assert (joined.joined, joined.case_id) == (True, other)
    assert book.get_fraud_case(other).review is None
    assert book.verify_case_log() is None


@pytest.mark.parametrize("how", ["escalate", "expire"])
def test_deadline_finds_a_decision_that_nobody_let_count(book: CaseBook, how: str):
    """Every backend was down from the decision to the deadline."""
    opening = held(book)
    case, review = opening.case_id, opening.review.review_id
    pass_time(book)

    found = book.escalate(an_escalation(opening)) if how == "escalate" else book.expire_review(case, review)

    assert found is not None
    assert found.verdict == "approve"
    assert types_of(book, case, 1) == ["hold_ended"]
    with pytest.raises(DecisionInEffect):
        book.withdraw_decision(case, "ana")
    carry_out(book, case)
    assert book.verify_case_log() is None


def test_escalated_question_goes_back_to_the_manager(book: CaseBook):
    case = open_case(book)
    ask_manager(book, case)
    view = book.get_fraud_case(case)
    assert view.review is not None
    decision = Decision(
        review_id=view.review.review_id,
        assessment_hash=view.review.assessment_hash,
        verdict="approve",
        action="lock_account",
        decided_by="maria",
        decided_at=NOON + timedelta(hours=80),
    )
    book.accept_decision(decision, MANAGER)
    assert book.get_fraud_case(case).state == "escalated"

    book.withdraw_decision(case, "maria")

    after = book.get_fraud_case(case)
    assert (after.state, after.review) == ("escalated", view.review)
    assert book.verify_case_log() is None


def test_failed_orchestration_waits_for_the_hold_too(book: CaseBook):
    opening = held(book)
    case = opening.case_id
    book.confirm(scheduled=[case])
    recovered = book.recover_case(case, "It was terminated.")
    assert recovered is not None
    assert recovered.goes_on

    resumed = book.resume_case(case)

    assert resumed is not None
    assert not isinstance(resumed, str)
    assert (resumed.decision, resumed.review) == (None, opening.review)
    let_it_end(book)
    resumed = book.resume_case(case)
    assert resumed is not None
    assert not isinstance(resumed, str)
    assert resumed.decision is not None
    assert book.verify_case_log() is None


def test_holds_that_end_first_are_ended_first(book: CaseBook):
    cases = [held(book, number).case_id for number in (1, 2, 3)]
    assert book.end_holds(limit=2) is not None
    pass_time(book, HOLD / timedelta(hours=1))

    assert book.end_holds(limit=2) == timedelta(0)
    assert [book.get_fraud_case(case).hold is None for case in cases] == [True, True, False]
    assert book.end_holds(limit=2) is None
    assert len(book.undelivered_decisions()) == 3


def test_export_within_and_after_the_hold_verifies(book: CaseBook):
    case = held(book).case_id

    def exported() -> str:
        return b"".join(write_json(book.snapshot(case), lambda name: book.read_attachment(case, name))).decode()

    within = exported()
    assert verify_export(within).broken is None
    hastened = json.loads(within)
    hastened["case"]["hold"] = None
    broken = verify_export(json.dumps(hastened)).broken
    assert broken is not None
    assert "its on_hold_until is None" in broken.reason
    let_it_end(book)
    assert verify_export(exported()).broken is None
