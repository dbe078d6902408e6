"""Alerts join the customer's open case: at every instant of its life one story, and nothing lost."""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import pytest
from sqlalchemy import Engine

from casebook.commands.recovery import MAX_FAILURES
from casebook.database.transactions import Transactions
from casebook.errors import AlertsJoined, NewEvidence, OutcomeNotJustified, RoundNotJustified
from casebook.policy.alert_joins import JoinPolicy, JoinRule
from casebook.queries.filters import CaseQuery
from contracts.alert import MAX_JOINED, Alert
from contracts.case import CaseState
from contracts.investigation import InvestigationPolicy
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    HASTY,
    MANAGER,
    NOON,
    SteppingClock,
    a_benign_assessment,
    a_decision,
    an_alert,
    an_assessment,
    an_escalation,
    an_opening,
    ask,
    begin,
    carry_out,
    closing,
    conclude,
    decide,
    investigate,
    only_on,
    pass_time,
    put,
)

HOURS = 72.0


@pytest.fixture
def joins() -> JoinPolicy:
    return JoinPolicy(JoinRule(hours=HOURS), {"login_storm": JoinRule(group="access", hours=HOURS)})


@pytest.fixture
def book(engine: Engine, joins: JoinPolicy) -> CaseBook:
    return CaseBook(Transactions(engine, SteppingClock()), joins=joins)


def later(number: int = 2, customer: int = 1, **changes: object) -> Alert:
    """A further alert of the customer."""
    alert = an_alert(number).model_copy(update={"customer_id": customer, "rule_id": "new_device", **changes})
    return Alert.model_validate(alert.model_dump() | {"trigger_events": (), "recent_events": ()})


def opened(book: CaseBook) -> str:
    return book.open_case(an_alert(1)).case_id


class Moment(NamedTuple):
    """An instant of a case's life."""

    arrive: Callable[[CaseBook, str], object]
    joins: bool
    overtakes: bool = False
    state: CaseState = "investigating"
    """Of the case afterwards."""


def _just_opened(book: CaseBook, case: str) -> None:
    pass


def _begun(book: CaseBook, case: str) -> None:
    begin(book, case)


def _first_report(book: CaseBook, case: str) -> None:
    begin(book, case)
    book.start_specialist(case, 1, "usage")


def _asked_of_manager(book: CaseBook, case: str) -> None:
    opening = ask(book, case)
    pass_time(book)
    book.escalate(an_escalation(opening, 400))


def _proposed(book: CaseBook, case: str) -> None:
    opening = an_opening(case)
    put(book, opening.model_copy(update={"review": opening.review.model_copy(update={"approvals_required": 2})}))
    book.accept_decision(a_decision(opening), MANAGER)


def _rejected(book: CaseBook, case: str) -> None:
    decide(book, ask(book, case), "reject")


def _approved(book: CaseBook, case: str) -> None:
    decide(book, ask(book, case))


def _acting(book: CaseBook, case: str) -> None:
    _approved(book, case)
    carry_out(book, case)


def _given_up(book: CaseBook, case: str) -> None:
    _asked_of_manager(book, case)
    decision = a_decision(an_opening(case), "reject")
    book.accept_decision(decision, MANAGER)


def _expired(book: CaseBook, case: str) -> None:
    _asked_of_manager(book, case)
    pass_time(book, 400)
    book.expire_review(case, f"{case}:r1")


def _nearly_expired(book: CaseBook, case: str) -> None:
    _asked_of_manager(book, case)
    due_at = book.get_case(case).review
    assert due_at is not None
    clock = book.transactions.now
    assert isinstance(clock, SteppingClock)
    clock.now = due_at.due_at - timedelta(minutes=30)


def _failed(book: CaseBook, case: str) -> None:
    book.confirm(scheduled=(case,))
    book.recover_case(case, "It was ended.")


def _stalled(book: CaseBook, case: str) -> None:
    ask(book, case)
    for _ in range(MAX_FAILURES):
        book.confirm(scheduled=(case,))
        book.recover_case(case, "It was ended.")


def _closed(book: CaseBook, case: str) -> None:
    _acting(book, case)
    book.close_case(closing(case))


def _full(book: CaseBook, case: str) -> None:
    for number in range(100, 100 + MAX_JOINED):
        assert book.open_case(later(number)).joined


MOMENTS: dict[str, Moment] = {
    "just opened": Moment(_just_opened, joins=True),
    "round begun": Moment(_begun, joins=True),
    "a specialist runs": Moment(_first_report, joins=True),
    "assessed": Moment(investigate, joins=True),
    "analyst asked": Moment(ask, joins=True, overtakes=True),
    "manager asked": Moment(_asked_of_manager, joins=True, overtakes=True),
    "first of two approvals given": Moment(_proposed, joins=True, overtakes=True),
    "analyst rejected": Moment(_rejected, joins=True, state="awaiting_review"),
    "approved": Moment(_approved, joins=False, state="awaiting_review"),
    "acting": Moment(_acting, joins=False, state="acting"),
    "manager gave it up": Moment(_given_up, joins=False, state="escalated"),
    "nobody answered in time": Moment(_expired, joins=False, state="escalated"),
    "little time left for a manager": Moment(_nearly_expired, joins=False, state="escalated"),
    "orchestration failed": Moment(_failed, joins=False),
    "stalled": Moment(_stalled, joins=False, state="awaiting_review"),
    "full": Moment(_full, joins=False),
    "closed": Moment(_closed, joins=False, state="closed"),
}


@pytest.mark.parametrize("name", MOMENTS)
def test_alert_at_every_moment_of_a_case(book: CaseBook, name: str):
    moment = MOMENTS[name]
    case = opened(book)
    moment.arrive(book, case)
    before = book.get_case(case)

    came = book.open_case(later(), "ana")
    view = book.get_case(case)

    assert (came.joined, came.created) == (moment.joins, not moment.joins)
    assert came.overtaken_round == (before.round if moment.overtakes else None)
    assert view.state == moment.state
    if moment.joins:
        assert came.case_id == case
        assert view.alerts[-1].alert == later()
        assert view.alerts[-1].recorded_by == "ana"
        assert (view.review is None, view.proposal) == (moment.overtakes or before.review is None, None)
    else:
        assert view.followed_by == (came.case_id,)
        assert book.get_case(came.case_id).follows == case
        assert view.alerts == before.alerts
    assert book.open_case(later()).model_dump() == {
        "case_id": came.case_id,
        "created": False,
        "joined": False,
        "overtaken_round": None,
    }
    assert book.verify_case_log() is None


@pytest.mark.parametrize(
    ("alert", "joined"),
    [
        (later(customer=2), False),
        (later(rule_id="login_storm"), False),
        (later(rule_id="manual", source="manual"), True),
        (later(raised_at=NOON + timedelta(hours=HOURS) - timedelta(seconds=1)), True),
        (later(raised_at=NOON + timedelta(hours=HOURS)), False),
        (later(raised_at=NOON - timedelta(hours=HOURS)), False),
    ],
    ids=["another customer", "another group", "by hand", "just in time", "too late", "too early"],
)
def test_rule_table_says_what_joins(book: CaseBook, alert: Alert, joined: bool):
    opened(book)
    assert book.open_case(alert).joined is joined


def test_worst_alert_gives_the_case_its_severity(book: CaseBook):
    case = opened(book)
    book.open_case(later(2, severity="low"))
    book.open_case(later(3, severity="critical"))

    listed = book.summary(case)
    assert (listed.severity, listed.alert_count, listed.alert_id) == ("critical", 3, an_alert(1).alert_id)
    assert book.verify_case_log() is None


def test_question_before_a_worse_alert_was_asked_rightly(book: CaseBook):
    case = opened(book)
    begin(book, case, policy=InvestigationPolicy(four_eyes_refund_minor=50_000))
    ask(book, case)
    book.open_case(later(severity="critical"))
    assert book.verify_case_log() is None
    ask(book, case, 2)
    review = book.get_case(case).review
    assert review is not None
    assert "clear" in (review.four_eyes_actions or ())
    assert book.verify_case_log() is None


def test_case_is_found_by_the_words_of_each_alert(book: CaseBook):
    case = opened(book)
    book.open_case(later(description="A parcel went to Zanzibar."))
    assert [each.case_id for each in book.list_cases(CaseQuery(q="zanzibar")).items] == [case]


def test_round_investigates_what_joined_before_it_began(book: CaseBook):
    case = opened(book)
    book.open_case(later(2))
    begin(book, case)
    book.open_case(later(3))

    assert book.brief(case, 1).joined == (later(2),)
    assert book.brief(case, 2).joined == (later(2), later(3))
    assert [each.round for each in book.get_case(case).alerts] == [1, 1, None]


def test_nothing_is_asked_or_concluded_before_all_is_investigated(book: CaseBook):
    case = opened(book)
    begin(book, case)
    book.open_case(later())
    conclude(book, case, a_benign_assessment())

    with pytest.raises(AlertsJoined):
        book.close_case(closing(case, "auto_cleared"))
    with pytest.raises(AlertsJoined):
        book.open_review(an_opening(case, a_benign_assessment()))

    ask(book, case, 2)
    assert book.get_case(case).state == "awaiting_review"
    assert book.verify_case_log() is None


def test_decision_on_an_overtaken_question_is_told_what_joined(book: CaseBook):
    case = opened(book)
    opening = ask(book, case)
    book.open_case(later(description="A new device logged in."))

    for _ in range(2):
        with pytest.raises(
            NewEvidence, match=r"'impossible_travel' joined it: A new device logged in\. Nothing was decided"
        ):
            book.accept_decision(a_decision(opening), MANAGER)
        if book.get_case(case).round == 1:
            ask(book, case, 2)
    assert book.get_case(case).decisions == ()


def test_steps_of_an_overtaken_question_say_that_alerts_joined(book: CaseBook):
    case = opened(book)
    opening = ask(book, case)
    book.open_case(later())
    review = opening.review.review_id
    pass_time(book)
    steps: list[Callable[[], object]] = [
        lambda: book.open_review(opening),
        lambda: book.accepted_decision(case, review),
        lambda: book.asked_review(case, review),
        lambda: book.escalate(an_escalation(opening, 400)),
        lambda: book.expire_review(case, review),
    ]
    for step in steps:
        with pytest.raises(AlertsJoined):
            step()
    ask(book, case, 2)
    for step in steps:
        with pytest.raises(AlertsJoined):
            step()
    assert book.refusals_by_reason() == {}


def test_next_question_is_due_no_later(book: CaseBook):
    case = opened(book)
    due_at = ask(book, case).review.due_at
    book.open_case(later(2))
    pass_time(book, 10)
    again = an_opening(case, round_number=2)
    again = again.model_copy(
        update={"review": again.review.model_copy(update={"due_at": due_at + timedelta(hours=10)})}
    )
    investigate(book, case, 2)
    book.open_review(again)

    review = book.get_case(case).review
    assert review is not None
    assert review.due_at == due_at
    assert book.verify_case_log() is None


def test_overdue_question_stays_overdue(book: CaseBook):
    case = opened(book)
    due_at = ask(book, case).review.due_at
    book.open_case(later(2))
    pass_time(book, 100)
    ask(book, case, 2)

    review = book.get_case(case).review
    assert review is not None
    assert review.due_at == due_at
    assert book.escalate(an_escalation(an_opening(case, round_number=2), 400)) is None
    assert book.verify_case_log() is None


def test_manager_who_was_asked_is_asked_again(book: CaseBook):
    case = opened(book)
    _asked_of_manager(book, case)
    due_at = book.get_case(case).review
    assert due_at is not None
    book.open_case(later(2))
    ask(book, case, 2)

    view = book.get_case(case)
    assert view.review is not None
    assert (view.state, view.review.required_role) == ("escalated", "manager")
    assert view.review.due_at <= due_at.due_at
    assert book.verify_case_log() is None


def test_later_round_begins_only_for_what_joined(book: CaseBook):
    case = opened(book)
    ask(book, case)
    with pytest.raises(RoundNotJustified):
        begin(book, case, 2)
    book.open_case(later(2))
    begin(book, case, 2)
    with pytest.raises(RoundNotJustified):
        begin(book, case, 3)


def test_person_is_asked_about_all_alerts_after_a_failure(book: CaseBook):
    case = opened(book)
    ask(book, case)
    book.open_case(later(2))
    book.confirm(scheduled=(case,))
    recovered = book.recover_case(case, "It was ended.")
    assert recovered is not None
    assert recovered.goes_on

    failed = book.resume_case(case)
    assert failed is not None
    assert not isinstance(failed, str)
    assert failed.assessment.round == 2
    opening = an_opening(case, failed.assessment)
    book.open_review(opening)
    assert book.open_case(later(3)).created
    assert book.accept_decision(a_decision(opening), MANAGER)
    with pytest.raises(OutcomeNotJustified):
        book.close_case(closing(case, "auto_cleared", 2))
    assert book.verify_case_log() is None


def test_overtaken_cases_wait_until_their_round_begins(book: CaseBook):
    case = opened(book)
    ask(book, case)
    assert book.overtaken_cases() == []
    book.open_case(later(2))
    assert book.overtaken_cases() == [(case, 1)]
    begin(book, case, 2)
    assert book.overtaken_cases() == []


@only_on("sqlite")
def test_expired_question_of_a_hasty_policy_takes_no_alert(book: CaseBook):
    case = opened(book)
    begin(book, case, policy=HASTY)
    conclude(book, case, an_assessment())
    put(book, an_opening(case, escalation_reason="Nobody answered."))
    pass_time(book, 200)
    assert book.open_case(later()).created
