"""A case whose orchestration failed goes on as its record says, and always to a person."""

import pytest

from casebook.commands.recovery import MAX_FAILURES, Recovery
from casebook.errors import CaseNotFound, NotApproved, OutcomeNotJustified, RoundNotJustified
from contracts.investigation import InvestigationPolicy
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    a_benign_assessment,
    a_report,
    an_assessment,
    an_effect,
    an_escalation,
    an_opening,
    ask,
    begin,
    carry_out,
    closing,
    conclude,
    decide,
    evidence_of,
    investigate,
    open_case,
    pass_time,
)
from tests.unit.casebook.failures import REASON, asked, asked_about, failed_case, fails, scheduled


def test_a_starting_case_is_not_resumed(book: CaseBook) -> None:
    assert book.resume_case(open_case(book)) is None
    with pytest.raises(CaseNotFound):
        book.resume_case("case-none")
    assert [(refused.case_id, refused.reason) for refused in book.refusals()] == [(None, "unknown-case")]


def test_a_closed_case_is_left_alone(book: CaseBook) -> None:
    case = scheduled(book, open_case(book))
    conclude(book, case, a_benign_assessment())
    book.close_case(closing(case, "auto_cleared"))

    assert book.recover_case(case, REASON) is None
    assert book.resume_case(case) == "auto_cleared"


def test_failed_case_is_started_again_once(book: CaseBook) -> None:
    case = asked(book).case_id

    assert book.recover_case(case, REASON) == Recovery(failures=1, goes_on=True)

    assert book.unscheduled_cases() == [case]
    assert book.recover_case(case, REASON) is None
    assert book.verify_case_log() is None


def test_a_question_that_is_asked_stays_as_it_is(book: CaseBook) -> None:
    opening = asked(book)

    fails(book, opening.case_id)

    view = book.get_fraud_case(opening.case_id)
    assert (view.state, view.round, view.review) == ("awaiting_review", 1, opening.review)
    found = failed_case(book, opening.case_id)
    assert (found.assessment, found.role, found.decision) == (opening.assessment, "analyst", None)
    failed = book.case_events(opening.case_id)[-1]
    assert (failed.type, failed.actor) == ("orchestration_failed", "system")
    assert failed.data == {"round": 1, "reason": REASON, "failures": 1, "reopens_review": False}


def test_escalated_question_stays_with_the_manager(book: CaseBook) -> None:
    opening = asked(book)
    pass_time(book)
    book.escalate(an_escalation(opening))

    fails(book, opening.case_id)

    assert failed_case(book, opening.case_id).role == "manager"


@pytest.mark.parametrize("reached", ["opened", "begun", "reported"])
def test_a_case_in_which_nothing_was_concluded_recommends_nothing(book: CaseBook, reached: str) -> None:
    case = scheduled(book, open_case(book))
    if reached != "opened":
        begin(book, case)
    if reached == "reported":
        book.start_specialist(case, 1, "location")
        book.save_report(case, a_report(), [evidence_of(1, "location")])

    fails(book, case)

    found = failed_case(book, case)
    assert (found.assessment.round, found.assessment.overall_risk_score, found.assessment.route) == (1, None, "review")
    assert found.assessment.route_reasons == (REASON,)
    assert found.assessment.refund_charge_ids == ()
    assert book.get_fraud_case(case).assessment == found.assessment
    assert book.verify_case_log() is None


def test_unasked_conclusion_is_asked_with_the_reason(book: CaseBook) -> None:
    case = scheduled(book, open_case(book))
    investigate(book, case)

    fails(book, case)

    concluded, found = an_assessment(), failed_case(book, case)
    assert found.assessment == concluded.model_copy(
        update={"round": 1, "route_reasons": (*concluded.route_reasons, REASON)}
    )
    opening = an_opening(case, found.assessment)
    book.open_review(opening)
    assert book.get_fraud_case(case).review == opening.review
    assert book.verify_case_log() is None


def test_failed_orchestration_sends_a_clearable_case_to_a_person(book: CaseBook) -> None:
    case = scheduled(book, open_case(book))
    conclude(book, case, a_benign_assessment())

    fails(book, case)

    assert failed_case(book, case).assessment.route == "review"
    for round_number in (1, 2):
        with pytest.raises(OutcomeNotJustified):
            book.close_case(closing(case, "auto_cleared", round_number))


@pytest.mark.parametrize("begun", [False, True])
def test_after_a_rejection_a_person_is_asked_again(book: CaseBook, begun: bool) -> None:
    opening = asked(book)
    decide(book, opening, "reject")
    if begun:
        book.start_round(opening.case_id, 2)

    fails(book, opening.case_id)

    found = failed_case(book, opening.case_id)
    assert (found.assessment.round, found.assessment.overall_risk_score, found.decision) == (2, None, None)
    assert found.rejections == 1
    assert book.verify_case_log() is None


def test_a_valid_approval_is_carried_out(book: CaseBook) -> None:
    opening = asked(book)
    recorded = decide(book, opening)

    fails(book, opening.case_id)

    found = failed_case(book, opening.case_id)
    assert (found.decision, found.is_acting, found.assessment) == (recorded, False, opening.assessment)


@pytest.mark.parametrize("has_acted", [False, True])
def test_a_void_approval_is_asked_again(book: CaseBook, has_acted: bool) -> None:
    opening = asked(book)
    decide(book, opening)
    if has_acted:
        carry_out(book, opening.case_id, "failed")
    book.note_changed_facts(opening.case_id, 1, ["The account is locked already."])

    fails(book, opening.case_id)

    found = failed_case(book, opening.case_id)
    assert (found.assessment.round, found.decision, found.is_acting) == (2, None, False)
    assert found.assessment.route_reasons[-2:] == ("The account is locked already.", REASON)
    again = an_opening(opening.case_id, found.assessment)
    book.open_review(again)
    decide(book, again)
    carry_out(book, opening.case_id)
    book.close_case(closing(opening.case_id, round_number=2))
    assert book.verify_case_log() is None


def test_effect_in_doubt_is_reconciled_despite_changed_facts(book: CaseBook) -> None:
    opening = asked(book)
    decide(book, opening)
    book.start_effect(opening.case_id, an_effect(opening.case_id))
    book.note_changed_facts(opening.case_id, 1, ["The account is locked already."])

    fails(book, opening.case_id)

    assert (failed_case(book, opening.case_id).is_acting, book.get_fraud_case(opening.case_id).round) == (True, 1)


def test_an_effect_that_has_begun_is_carried_on(book: CaseBook) -> None:
    opening = asked(book)
    decide(book, opening)
    book.start_effect(opening.case_id, an_effect(opening.case_id))

    fails(book, opening.case_id, times=MAX_FAILURES)

    found = failed_case(book, opening.case_id)
    assert (found.is_acting, book.get_fraud_case(opening.case_id).state) == (True, "acting")
    book.finish_effect(opening.case_id, an_effect(opening.case_id, status="done"))
    book.close_case(closing(opening.case_id))
    assert book.get_fraud_case(opening.case_id).outcome == "account_locked"
    assert book.verify_case_log() is None


def test_a_managers_rejection_remains_valid(book: CaseBook) -> None:
    opening = asked(book)
    pass_time(book)
    book.escalate(an_escalation(opening))
    recorded = decide(book, opening, "reject")

    fails(book, opening.case_id)

    found = failed_case(book, opening.case_id)
    assert (found.decision, found.role) == (recorded, "manager")


@pytest.mark.parametrize("reached", ["concluded", "asked", "rejected"])
def test_failure_justifies_a_question_and_nothing_else(book: CaseBook, reached: str) -> None:
    case = scheduled(book, open_case(book))
    if reached == "concluded":
        conclude(book, case, a_benign_assessment())
    else:
        opening = ask(book, case)
        if reached == "rejected":
            decide(book, opening, "reject")
    fails(book, case, times=2)
    round_number = book.get_fraud_case(case).round

    for outcome in ("auto_cleared", "cleared", "account_locked", "unresolved", "failed"):
        with pytest.raises(OutcomeNotJustified):
            book.close_case(closing(case, outcome, round_number))
    with pytest.raises(NotApproved):
        book.start_effect(case, an_effect(case))
    for begun in (2, round_number + 1):
        with pytest.raises(RoundNotJustified):
            book.start_round(case, begun)
    assert book.resume_case(case) is not None


def test_failed_orchestration_is_not_closed_as_failed(book: CaseBook) -> None:
    opening = asked(book)
    decide(book, opening)
    with pytest.raises(OutcomeNotJustified, match="nothing that was approved in round 1 has failed"):
        book.close_case(closing(opening.case_id, "failed"))

    carry_out(book, opening.case_id, "unknown")
    book.close_case(closing(opening.case_id, "failed"))

    assert book.get_fraud_case(opening.case_id).outcome == "failed"
    assert book.verify_case_log() is None


def test_doubt_closes_a_case_only_after_its_limit(book: CaseBook) -> None:
    case = scheduled(book, open_case(book))
    begin(book, case, policy=InvestigationPolicy(reconcile_hours=24))
    opening = asked_about(book, case)
    decide(book, opening)
    book.start_effect(case, an_effect(case))
    book.finish_effect(case, an_effect(case, status="unknown"))

    with pytest.raises(OutcomeNotJustified):
        book.close_case(closing(case, "failed"))
    pass_time(book, 23)
    with pytest.raises(OutcomeNotJustified):
        book.close_case(closing(case, "failed"))
    pass_time(book, 1)
    book.close_case(closing(case, "failed"))

    assert book.verify_case_log() is None


def test_effect_refused_by_the_store_closes_at_once(book: CaseBook) -> None:
    case = scheduled(book, open_case(book))
    begin(book, case, policy=InvestigationPolicy(reconcile_hours=24))
    opening = asked_about(book, case)
    decide(book, opening)
    book.start_effect(case, an_effect(case))
    book.finish_effect(case, an_effect(case, status="failed"))

    book.close_case(closing(case, "failed"))

    assert book.verify_case_log() is None
