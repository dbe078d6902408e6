"""A closed case is opened again from where it broke: what is left is asked, and nothing is done twice."""

import threading
from collections.abc import Mapping

import pytest
from sqlalchemy import Engine

from casebook.audit.verify_export import verify_export
from casebook.database.engine import open_engine
from casebook.database.transactions import Transactions
from casebook.errors import CaseNotFound, CaseOpen, NotAllowed, NotReopenable, OutcomeNotJustified
from casebook.policy.alert_joins import JoinPolicy
from casebook.queries.filters import CaseQuery
from casebook.workspace_api import WorkspaceApi
from contracts.actions import EffectAction
from contracts.effect import EffectStatus
from contracts.investigation import FailedCase, ReviewOpening
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    a_decision,
    an_alert,
    an_assessment,
    an_effect,
    an_opening,
    asked_in_short,
    closing,
    open_case,
    put,
)
from tests.unit.casebook.failures import REASON, failed_case, fails, scheduled
from tests.unit.casebook.test_export import exported
from tests.unit.casebook.test_forged_logs import Bend, Log, saying, without
from tests.unit.casebook.test_forged_omissions import named
from tests.unit.casebook.test_forged_records import no_rows

WHY = "The store is back."


def half_done(book: CaseBook, status: EffectStatus = "failed") -> str:
    """The account is locked, and the refund was refused for good, or is in doubt for good."""
    case = scheduled(book, open_case(book))
    assessment = an_assessment(action="lock_and_refund").model_copy(update={"refund_charge_ids": ("c-1", "c-2")})
    opening = an_opening(case, assessment)
    put(book, opening)
    book.accept_decision(a_decision(opening, action="lock_and_refund"), MANAGER)
    carry_out(book, case, "lock_account", "done")
    carry_out(book, case, "refund_charges", status)
    book.close_case(closing(case, "failed"))
    return case


def carry_out(book: CaseBook, case: str, action: EffectAction, status: EffectStatus) -> None:
    book.start_effect(case, an_effect(case, action))
    book.finish_effect(case, an_effect(case, action, status))


def unresolved(book: CaseBook) -> str:
    """A manager rejected what was concluded."""
    case = scheduled(book, open_case(book))
    opening = an_opening(case, escalation_reason="Nobody answered in time.")
    put(book, opening)
    book.accept_decision(a_decision(opening, "reject", decided_by="maria"), MANAGER)
    book.close_case(closing(case, "unresolved"))
    return case


def reopen(book: CaseBook, case: str) -> FailedCase:
    """The case reopened by a manager: where its new orchestration resumes."""
    reopened = book.reopen_case(case, "maria", MANAGER, WHY)
    assert (reopened.state, reopened.outcome) == ("investigating", None)
    return failed_case(book, case)


def ask_again(book: CaseBook, case: str) -> ReviewOpening:
    """The question as the new orchestration puts it."""
    opening = an_opening(case, failed_case(book, case).assessment)
    return opening.model_copy(update={"review": book.open_review(opening)})


@pytest.mark.parametrize("status", ["failed", "unknown"])
def test_failed_case_asks_about_what_is_left(book: CaseBook, status: EffectStatus) -> None:
    case = half_done(book, status)

    found = reopen(book, case)

    assert (found.assessment.round, found.assessment.recommended_action) == (2, "refund_charges")
    assert found.assessment.refund_charge_ids == ("c-1", "c-2")
    assert found.assessment.route_reasons[-1] == f"The case was opened again: {WHY}"
    assert (found.role, found.review, found.decision, found.done) == ("analyst", None, None, ("lock_account",))
    assert book.unscheduled_cases() == [case]
    event = next(event for event in book.case_events(case) if event.type == "case_reopened")
    assert (event.actor, event.data) == ("maria", {"round": 2, "outcome": "failed", "reason": WHY})
    assert book.audit().broken is None


def test_reopened_case_does_the_rest_and_closes_once_more(book: CaseBook) -> None:
    case = half_done(book)
    reopen(book, case)
    book.confirm(scheduled=[case])
    opening = ask_again(book, case)
    assert book.list_cases(CaseQuery(state=("awaiting_review",))).items[0].case_id == case
    book.accept_decision(a_decision(opening, action="refund_charges"), MANAGER)
    # The lock is done: whoever begins it again changes nothing, and it is not approved any more.
    before = book.last_seq()
    book.start_effect(case, an_effect(case, "lock_account"))
    assert book.last_seq() == before
    carry_out(book, case, "refund_charges", "done")
    book.close_case(closing(case, "locked_and_refunded", 2))

    view = book.get_fraud_case(case)
    assert (view.outcome, view.round) == ("locked_and_refunded", 2)
    assert [(effect.action, effect.status) for effect in view.effects] == [
        ("lock_account", "done"),
        ("refund_charges", "done"),
    ]
    assert [event.data.get("reopening") for event in book.case_events(case) if event.type == "case_closed"] == [None, 1]
    assert book.audit().broken is None
    assert verify_export(exported(book, case)).broken is None
    with pytest.raises(NotReopenable, match="ended as 'locked_and_refunded': only one that ended as 'failed'"):
        book.reopen_case(case, "maria", MANAGER, WHY)


def test_case_that_fails_again_is_reopened_again(book: CaseBook) -> None:
    case = half_done(book)
    for round_number in (2, 3):
        assert reopen(book, case).assessment.round == round_number
        fail_again(book, case)
    assert reopen(book, case).assessment.round == 4
    assert book.audit().broken is None


def test_unresolved_case_is_asked_as_it_was_concluded(book: CaseBook) -> None:
    case = unresolved(book)
    found = reopen(book, case)
    assert (found.assessment.recommended_action, found.role, found.rejections) == ("lock_account", "analyst", 1)
    opening = ask_again(book, case)
    book.accept_decision(a_decision(opening), MANAGER)
    carry_out(book, case, "lock_account", "done")
    book.close_case(closing(case, "account_locked", 2))
    assert book.audit().broken is None


def test_reopened_case_whose_orchestration_fails_keeps_its_question(book: CaseBook) -> None:
    case = half_done(book)
    reopen(book, case)
    fails(book, case)
    assert failed_case(book, case).assessment.recommended_action == "refund_charges"
    opening = ask_again(book, case)
    fails(book, case)
    assert failed_case(book, case).review == opening.review
    assert book.audit().broken is None


def test_alert_about_a_reopened_case_opens_one_that_follows(book: CaseBook) -> None:
    case = half_done(book)
    reopen(book, case)
    ask_again(book, case)
    second = an_alert(1).model_copy(update={"alert_id": "impossible_travel-1-again"})
    opened = CaseBook(book.transactions, joins=JoinPolicy()).open_case(second)
    assert (opened.created, opened.joined) == (True, False)
    assert book.summary(case).state == "awaiting_review"
    assert book.audit().broken is None


def test_only_managers_reopen_what_failed(book: CaseBook) -> None:
    case = half_done(book)
    with pytest.raises(NotAllowed, match="manager"):
        book.reopen_case(case, "ana", ("analyst",), WHY)
    with pytest.raises(CaseNotFound):
        book.reopen_case("case-none", "maria", MANAGER, WHY)
    waiting = asked_in_short(book, 2)
    with pytest.raises(CaseOpen):
        book.reopen_case(waiting.case_id, "maria", MANAGER, WHY)
    cleared = a_decision(waiting, action="clear")
    book.accept_decision(cleared, MANAGER)
    book.close_case(closing(waiting.case_id, "cleared"))
    with pytest.raises(NotReopenable):
        book.reopen_case(waiting.case_id, "maria", MANAGER, WHY)


def test_late_steps_of_the_ended_orchestration_change_nothing(book: CaseBook) -> None:
    case = half_done(book)
    reopen(book, case)
    before = book.last_seq()
    with pytest.raises(OutcomeNotJustified, match="it is in round 2"):
        book.close_case(closing(case, "failed"))
    assert book.last_seq() == before
    assert book.recover_case(case, REASON) is None


def fail_again(book: CaseBook, case: str) -> None:
    opening = ask_again(book, case)
    book.accept_decision(a_decision(opening, action="refund_charges"), MANAGER)
    carry_out(book, case, "refund_charges", "failed")
    book.close_case(closing(case, "failed", opening.round))


@pytest.mark.slow
@pytest.mark.parametrize("times", [20, pytest.param(200, marks=pytest.mark.long)])
def test_two_managers_reopen_a_case_once(book: CaseBook, engine: Engine, url: str, times: int) -> None:
    case = half_done(book)
    other = open_engine(url)
    refused: list[Exception] = []
    failures: list[BaseException] = []
    together = threading.Barrier(2)

    def press(workspace: WorkspaceApi, subject: str) -> None:
        try:
            for _ in range(times):
                together.wait(60)
                try:
                    workspace.reopen_case(case, subject, MANAGER, WHY)
                except CaseOpen as refusal:
                    refused.append(refusal)
                if together.wait(60) == 0:
                    fail_again(book, case)
        except BaseException as failure:
            failures.append(failure)
            together.abort()

    people = [
        threading.Thread(target=press, args=(WorkspaceApi(Transactions(each, book.transactions.now)), subject))
        for subject, each in (("maria", engine), ("alex", other))
    ]
    for person in people:
        person.start()
    for person in people:
        person.join()
    other.dispose()

    assert failures == []
    assert len(refused) == times
    assert [event.type for event in book.case_events(case)].count("case_reopened") == times
    assert book.audit().broken is None


def by(actor: str) -> Bend:
    return lambda log: [
        event.model_copy(update={"actor": actor}) if event.type == "case_reopened" else event for event in log
    ]


def without_first_closing(log: Log) -> Log:
    first = next(event for event in log if event.type == "case_closed")
    return [event for event in log if event is not first]


def closing_again_as(reopening: int) -> Bend:
    return lambda log: [
        event.model_copy(update={"data": {**event.data, "reopening": reopening}})
        if event.type == "case_closed" and event.data.get("reopening")
        else event
        for event in log
    ]


BENDS: Mapping[str, tuple[Bend, str]] = {
    "reopened by the product": (by("system"), "it is nothing that 'system' does"),
    "reopened while open": (without_first_closing, "the case was open"),
    "reopened after another end": (saying("case_reopened", outcome="unresolved"), "the case had ended as 'failed'"),
    "reopened in a later round": (saying("case_reopened", round=3), "the case was in round 1"),
    "reopened without a reason": (saying("case_reopened", reason=" "), "nobody says why"),
    "never reopened": (without("case_reopened"), "the case was closed before it"),
    "closed as after another reopening": (closing_again_as(2), "the case was reopened 1 times before it"),
}


@pytest.mark.parametrize("how", BENDS)
def test_audit_names_a_forged_reopening(book: CaseBook, engine: Engine, how: str) -> None:
    bend, why = BENDS[how]
    case = half_done(book)
    reopen(book, case)
    fail_again(book, case)

    whole, single = named(engine, case, lambda: bend(book.case_events(case)), no_rows)

    assert why in whole
    assert single == whole
