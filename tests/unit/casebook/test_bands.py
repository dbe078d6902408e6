"""Who decides, by the rules of the alerts: nobody takes away what a band asks for."""

import pytest
from sqlalchemy import Engine

from casebook.database.transactions import Transactions
from casebook.errors import NotAllowed, OutcomeNotJustified, SameApprover
from casebook.policy.alert_joins import JoinPolicy
from casebook.policy.four_eyes import needs_two_by_choice
from contracts.actions import ACTIONS, RecommendedAction
from contracts.alert import Alert
from contracts.autonomy import AutonomyBand, Decider
from contracts.case import Proposal
from contracts.investigation import ReviewOpening
from contracts.review import Decision
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    ANALYST,
    MANAGER,
    SteppingClock,
    a_benign_assessment,
    a_decision,
    an_alert,
    an_assessment,
    an_escalation,
    an_opening,
    begin,
    closing,
    conclude,
    later,
    pass_time,
    put,
)

TWO = (AutonomyBand(decider="two_people", from_score=0.7),)
BOTH: tuple[RecommendedAction, ...] = ("refund_charges", "lock_and_refund")


@pytest.fixture
def book(engine: Engine) -> CaseBook:
    return CaseBook(Transactions(engine, SteppingClock()))


@pytest.fixture
def joining(engine: Engine) -> CaseBook:
    """One in which a customer's further alerts join the open case."""
    return CaseBook(Transactions(engine, SteppingClock()), joins=JoinPolicy())


def banded(*bands: AutonomyBand, number: int = 1) -> Alert:
    """An alert of the first customer, of a rule that names who decides."""
    return an_alert(number).model_copy(update={"autonomy": bands, "customer_id": 1, "trigger_events": ()})


def by_rules(book: CaseBook, *asks_for: Decider, action: RecommendedAction = "lock_account") -> ReviewOpening:
    """A review of a case whose alert names who decides."""
    case = book.open_case(banded(*(AutonomyBand(decider=each) for each in asks_for))).case_id
    opening = an_opening(case, an_assessment(action=action))
    return opening.model_copy(update={"review": put(book, opening)})


def asked(book: CaseBook, case: str, round_number: int = 1, score: float = 0.8) -> ReviewOpening:
    """A round that came to this score, up to its review."""
    opening = an_opening(case, conclude(book, case, an_assessment(round_number, score)))
    return opening.model_copy(update={"review": book.open_review(opening)})


def lock(book: CaseBook, opening: ReviewOpening, who: str = "ana") -> Decision | Proposal:
    return book.accept_decision(a_decision(opening, decided_by=who), ANALYST)


@pytest.mark.parametrize("action", ACTIONS)
def test_rule_of_an_alert_takes_two_for_every_action(book: CaseBook, action: RecommendedAction):
    opening = by_rules(book, "two_people")

    assert isinstance(book.accept_decision(a_decision(opening, action=action), ANALYST), Proposal)
    with pytest.raises(SameApprover):
        book.accept_decision(a_decision(opening, action=action), ANALYST)
    assert isinstance(book.accept_decision(a_decision(opening, action=action, decided_by="ben"), ANALYST), Decision)


def test_small_refund_takes_two_when_a_rule_wants_it(book: CaseBook):
    opening = by_rules(book, "two_people", action="refund_charges")
    limit = 50_000

    named = opening.review.four_eyes_actions
    assert needs_two_by_choice("refund_charges", (), limit, named) is None
    assert needs_two_by_choice("refund_charges", (), limit, BOTH) is False


def test_rule_of_an_alert_asks_a_manager_first(book: CaseBook):
    opening = by_rules(book, "one_analyst", "manager_first")

    assert opening.review.required_role == "manager"
    view = book.get_fraud_case(opening.case_id)
    assert view.state == "escalated"
    with pytest.raises(NotAllowed):
        book.accept_decision(a_decision(opening), ANALYST)
    assert isinstance(book.accept_decision(a_decision(opening, decided_by="maria"), MANAGER), Decision)


def test_both_are_kept_when_nobody_answers_in_time(book: CaseBook):
    opening = by_rules(book, "two_people")
    pass_time(book)

    book.escalate(an_escalation(opening, 400))

    review = book.get_fraud_case(opening.case_id).review
    assert review is not None
    assert review.required_role == "manager"
    assert {*(review.four_eyes_actions or ())} == {*ACTIONS}


def test_rejection_takes_away_no_second_person(book: CaseBook):
    case = book.open_case(banded(*TWO)).case_id
    first = asked(book, case, score=0.9)
    book.accept_decision(a_decision(first, "reject"), ANALYST)

    second = asked(book, case, 2, score=0.5)

    assert isinstance(lock(book, second), Proposal)
    assert isinstance(lock(book, second, "ben"), Decision)
    assert book.verify_case_log() is None


def test_manager_who_was_first_is_asked_again(joining: CaseBook):
    first = AutonomyBand(decider="manager_first", from_score=0.7)
    case = joining.open_case(banded(first)).case_id
    begin(joining, case)
    asked(joining, case, score=0.9)
    joining.open_case(later())

    assert asked(joining, case, 2, score=0.5).review.required_role == "manager"
    assert joining.verify_case_log() is None


def test_alert_that_joins_takes_away_no_second_person(joining: CaseBook):
    case = joining.open_case(banded(*TWO)).case_id
    asked(joining, case, score=0.9)
    joining.open_case(later())

    assert isinstance(lock(joining, asked(joining, case, 2, score=0.5)), Proposal)
    assert joining.verify_case_log() is None


def test_detached_alert_leaves_its_terms_behind(joining: CaseBook):
    case = joining.open_case(an_alert()).case_id
    alert = later(autonomy=TWO)
    assert joining.open_case(alert).case_id == case
    asked(joining, case)
    moved = joining.detach_alert(case, alert.alert_id, "ana", "Another story.")

    assert isinstance(lock(joining, asked(joining, case, 2)), Proposal)
    assert isinstance(lock(joining, asked(joining, moved.target, score=0.5)), Proposal)
    assert joining.verify_case_log() is None


def test_merged_case_brings_its_terms_along(book: CaseBook):
    target = book.open_case(an_alert()).case_id
    source = book.open_case(banded(*TWO, number=2)).case_id
    asked(book, source, score=0.9)
    book.merge_cases(source, target, "ana", "One and the same.")

    assert isinstance(lock(book, asked(book, target, score=0.5)), Proposal)
    book.detach_alert(target, banded(number=2).alert_id, "ben", "They are two.")
    assert isinstance(lock(book, asked(book, source, 2, score=0.2)), Proposal)
    assert book.verify_case_log() is None


def test_score_below_every_band_leaves_the_policy(book: CaseBook):
    case = book.open_case(banded(*TWO)).case_id

    assert isinstance(lock(book, asked(book, case, score=0.6)), Decision)


def test_case_is_not_cleared_against_its_rules(book: CaseBook):
    case = book.open_case(banded(AutonomyBand(decider="one_analyst"))).case_id
    begin(book, case)
    conclude(book, case, a_benign_assessment())

    with pytest.raises(OutcomeNotJustified, match="the rules of its alerts want a person to decide"):
        book.close_case(closing(case, "auto_cleared"))


def test_range_left_to_the_guard_rails_is_cleared(book: CaseBook):
    bands = (AutonomyBand(decider="auto_clear"), AutonomyBand(decider="one_analyst", from_score=0.5))
    case = book.open_case(banded(*bands)).case_id
    begin(book, case)
    conclude(book, case, a_benign_assessment())

    book.close_case(closing(case, "auto_cleared"))

    assert book.verify_case_log() is None
