"""Alerts join the customer's open case: at every instant of its life one story, and nothing lost."""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import pytest
from sqlalchemy import Engine

from casebook.commands.recovery import MAX_FAILURES
from casebook.database.transactions import Transactions
from casebook.errors import AlertsJoined, RoundNotJustified
from casebook.policy.alert_joins import JoinPolicy, JoinRule
from casebook.queries.filters import CaseQuery
from contracts.alert import MAX_JOINED, Alert
from contracts.case import CaseState
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
    an_opening,
    ask,
    ask_manager,
    begin,
    carry_out,
    closing,
    conclude,
    decide,
    investigate,
    later,
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
    ask_manager(book, case)
    decision = a_decision(an_opening(case), "reject")
    book.accept_decision(decision, MANAGER)


def _expired(book: CaseBook, case: str) -> None:
    ask_manager(book, case)
    pass_time(book, 400)
    book.expire_review(case, f"{case}:r1")


def _nearly_expired(book: CaseBook, case: str) -> None:
    ask_manager(book, case)
    due_at = book.get_fraud_case(case).review
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
    "manager asked": Moment(ask_manager, joins=True, overtakes=True),
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
    before = book.get_fraud_case(case)

    came = book.open_case(later(), "ana")
    view = book.get_fraud_case(case)

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
        assert book.get_fraud_case(came.case_id).follows == case
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
    assert [each.round for each in book.get_fraud_case(case).alerts] == [1, 1, None]


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
    assert book.get_fraud_case(case).state == "awaiting_review"
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


@only_on("sqlite")
def test_expired_question_of_a_hasty_policy_takes_no_alert(book: CaseBook):
    case = opened(book)
    begin(book, case, policy=HASTY)
    conclude(book, case, an_assessment())
    put(book, an_opening(case, escalation_reason="Nobody answered."))
    pass_time(book, 200)
    assert book.open_case(later()).created
