"""No step without what must stand before it on record, and every refusal is counted."""

from collections.abc import Callable, Mapping

import pytest

from casebook.errors import (
    AssessmentNotRecorded,
    CaseNotFound,
    DeadlineNotPassed,
    FactsNotJustified,
    NotApproved,
    NotAsApproved,
    OutcomeNotJustified,
    QuestionNotAsked,
    ReportsNotRecorded,
    ReportUnfounded,
    RoundNotBegun,
    RoundNotJustified,
    TransitionRefused,
    WeakerQuestion,
)
from contracts.actions import RecommendedAction
from contracts.effect import Effect, EffectTerms
from contracts.money import Money
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    a_benign_assessment,
    a_report,
    an_assessment,
    an_effect,
    an_escalation,
    an_opening,
    ask,
    carry_out,
    closing,
    conclude,
    decide,
    investigate,
    open_case,
    pass_time,
    put,
)

Step = Callable[[CaseBook, str], object]
OUTCOMES = (
    "auto_cleared",
    "cleared",
    "account_locked",
    "charges_refunded",
    "locked_and_refunded",
    "unresolved",
    "failed",
)
EUR_15 = (Money(amount_minor=1_500, currency="EUR"),)


def nothing(book: CaseBook, case: str) -> None:
    """Only opened."""


def investigated(book: CaseBook, case: str) -> None:
    investigate(book, case)


def asked(book: CaseBook, case: str) -> None:
    ask(book, case)


def rejected(book: CaseBook, case: str) -> None:
    decide(book, ask(book, case), "reject")


def approved(book: CaseBook, case: str) -> None:
    decide(book, ask(book, case))


def cleared(book: CaseBook, case: str) -> None:
    decide(book, ask(book, case), action="clear")


def failed(book: CaseBook, case: str) -> None:
    approved(book, case)
    carry_out(book, case, "failed")


def locked(book: CaseBook, case: str) -> None:
    approved(book, case)
    carry_out(book, case)


def benign(book: CaseBook, case: str) -> None:
    conclude(book, case, a_benign_assessment())


def benign_but_asked(book: CaseBook, case: str) -> None:
    shown = conclude(book, case, a_benign_assessment()).model_copy(
        update={"route": "review", "route_reasons": ("Lost.",)}
    )
    book.open_review(an_opening(case, shown))


def benign_after_a_rejection(book: CaseBook, case: str) -> None:
    rejected(book, case)
    book.start_round(case, 2)
    again = an_assessment(2).model_copy(update={"route": "auto_clear", "route_reasons": ()})
    conclude(book, case, again)


def expired(book: CaseBook, case: str) -> None:
    opening = ask(book, case)
    pass_time(book)
    book.escalate(an_escalation(opening, hours=90))
    pass_time(book)
    book.expire_review(case, opening.review.review_id)


def withdrawn(book: CaseBook, case: str) -> None:
    opening = ask(book, case)
    pass_time(book)
    book.escalate(an_escalation(opening))
    decide(book, opening, "reject")


STORIES: Mapping[Step, str | None] = {
    nothing: None,
    investigated: None,
    asked: None,
    rejected: None,
    approved: None,
    failed: "failed",
    benign_but_asked: None,
    benign_after_a_rejection: None,
    benign: "auto_cleared",
    cleared: "cleared",
    locked: "account_locked",
    expired: "unresolved",
    withdrawn: "unresolved",
}
"""The earlier events, and the only outcome that they justify."""


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_case_closes_only_as_its_record_justifies(book: CaseBook, story: Step):
    case = open_case(book)
    story(book, case)
    before, seq = book.get_fraud_case(case), book.last_seq()
    justified = STORIES[story]
    round_number = before.round

    for outcome in OUTCOMES:
        if outcome != justified:
            with pytest.raises(OutcomeNotJustified, match=f"cannot be closed as '{outcome}': "):
                book.close_case(closing(case, outcome, round_number))
    assert (book.get_fraud_case(case), book.last_seq()) == (before, seq)

    if justified is not None:
        book.close_case(closing(case, justified, round_number))
    (refused,) = book.refusals(case)
    assert (refused.reason, refused.attempts) == ("outcome-not-justified", len(OUTCOMES) - (justified is not None))
    assert book.audit_case(case).broken is None


def test_an_outcome_of_another_round_is_refused(book: CaseBook):
    case = open_case(book)
    cleared(book, case)
    with pytest.raises(OutcomeNotJustified, match="it is in round 1"):
        book.close_case(closing(case, "cleared", 2))


def test_next_round_needs_a_rejection_or_changed_facts(book: CaseBook):
    for number, story in enumerate((nothing, investigated, asked, approved, cleared), 1):
        case = open_case(book, number)
        story(book, case)
        with pytest.raises(RoundNotJustified, match="nobody rejected round 1"):
            book.start_round(case, 2)
        with pytest.raises(RoundNotJustified, match="the case is in round 1"):
            book.start_round(case, 7)
        with pytest.raises(RoundNotBegun):
            book.start_specialist(case, 2, "usage")
        with pytest.raises(RoundNotBegun):
            book.save_report(case, a_report("usage", 2).model_copy(update={"tool_calls": ()}), [])
        with pytest.raises((RoundNotJustified, AssessmentNotRecorded)):
            book.open_review(an_opening(case, an_assessment(1).model_copy(update={"round": 2})))
        assert book.get_fraud_case(case).round == 1


def test_changed_facts_need_an_approval_that_relied_on_them(book: CaseBook):
    for number, story in enumerate((nothing, asked, rejected), 1):
        case = open_case(book, number)
        story(book, case)
        with pytest.raises(FactsNotJustified):
            book.note_changed_facts(case, 1, ("The account is locked.",))


def test_an_assessment_rests_on_reports_that_are_on_record(book: CaseBook):
    case = open_case(book)
    invented = an_assessment(score=0.0, action="clear")
    with pytest.raises(ReportsNotRecorded, match="usage, location, billing"):
        book.save_assessment(case, invented)
    with pytest.raises(ReportUnfounded):
        book.save_report(case, a_report("usage"), [])
    investigate(book, case)
    lower = tuple(report.model_copy(update={"risk_score": 0.0}) for report in invented.reports)
    assert book.save_assessment(case, invented.model_copy(update={"reports": lower})) == an_assessment()


@pytest.mark.parametrize(
    "changes",
    [
        {"overall_risk_score": 0.1},
        {"reasoning": "All is well."},
        {"reports": ()},
        {"refund_charge_ids": ("ch-1",)},
        {"recommended_action": "clear"},
        {"route_reasons": ()},
        {"refund_total": EUR_15},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_people_are_asked_about_what_was_concluded(book: CaseBook, changes: dict[str, object]):
    case = open_case(book)
    investigate(book, case)
    with pytest.raises(AssessmentNotRecorded):
        book.open_review(an_opening(case, an_assessment().model_copy(update=changes)))
    assert book.get_fraud_case(case).review is None


def test_question_is_neither_escalated_nor_expired_early(book: CaseBook):
    case = open_case(book)
    opening = ask(book, case)
    with pytest.raises(DeadlineNotPassed):
        book.escalate(an_escalation(opening))
    with pytest.raises(DeadlineNotPassed):
        book.expire_review(case, opening.review.review_id)
    assert book.get_fraud_case(case).review == opening.review


def test_question_is_never_put_to_fewer_people(book: CaseBook):
    case = open_case(book)
    assessment = an_assessment(action="lock_and_refund")
    plain = an_opening(case, assessment)
    two: tuple[RecommendedAction, ...] = ("lock_and_refund",)
    review = plain.review.model_copy(update={"approvals_required": 2, "four_eyes_actions": two})
    conclude(book, case, assessment)
    with pytest.raises(WeakerQuestion, match="'viewer'"):
        book.open_review(plain.model_copy(update={"review": review.model_copy(update={"required_role": "viewer"})}))
    opening = plain.model_copy(update={"review": review})
    put(book, opening)
    pass_time(book)
    later = an_escalation(opening)
    for weaker in ({"approvals_required": 1}, {"four_eyes_actions": ()}, {"required_role": "analyst"}):
        changed = later.model_copy(update={"review": later.review.model_copy(update=weaker)})
        with pytest.raises(WeakerQuestion):
            book.escalate(changed)
    assert book.get_fraud_case(case).review == opening.review


def refunding(book: CaseBook) -> tuple[str, EffectTerms]:
    """A case with an approved refund, and what was approved."""
    case = open_case(book)
    assessment = an_assessment(action="refund_charges").model_copy(
        update={"refund_charge_ids": ("ch-1",), "refund_total": EUR_15}
    )
    opening = an_opening(case, assessment)
    put(book, opening)
    decide(book, opening, action="refund_charges")
    terms = EffectTerms(
        review_id=opening.review.review_id, customer_id=1, refund_charge_ids=("ch-1",), refund_total=EUR_15
    )
    return case, terms


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"customer_id": 2}, "customer"),
        ({"refund_charge_ids": ("ch-1", "ch-2")}, "choice of charges"),
        ({"refund_total": (Money(amount_minor=9_900, currency="EUR"),)}, "total"),
        ({"review_id": "case-impossible_travel-1:r2"}, "question"),
    ],
)
def test_an_effect_is_what_was_approved(book: CaseBook, changes: dict[str, object], what: str):
    case, terms = refunding(book)
    with pytest.raises(NotAsApproved, match=f"was approved for another {what}"):
        book.start_effect(case, an_effect(case, "refund_charges"), terms.model_copy(update=changes))
    assert book.get_fraud_case(case).effects == ()

    book.start_effect(case, an_effect(case, "refund_charges"), terms)
    with pytest.raises(NotAsApproved):
        book.start_effect(case, an_effect(case, "refund_charges"), terms.model_copy(update=changes))


def test_an_effect_on_another_customer_is_refused(book: CaseBook):
    case = open_case(book)
    approved(book, case)
    other = Effect(key=f"{case}:lock_account:2", action="lock_account", status="done")
    with pytest.raises(NotAsApproved, match="customer"):
        book.start_effect(case, other)
    with pytest.raises(NotAsApproved, match="customer"):
        book.finish_effect(case, other)


def test_approved_action_is_read_from_the_record(book: CaseBook):
    case, terms = refunding(book)
    found = book.approved_action(case, terms.review_id)
    assert (found.customer_id, found.assessment.refund_total, found.decision.action) == (1, EUR_15, "refund_charges")
    with pytest.raises(NotApproved):
        book.approved_action(case, f"{case}:r2")
    with pytest.raises(NotApproved):
        book.approved_action(open_case(book, 2), terms.review_id)


def test_refused_transitions_do_not_grow_with_attempts(book: CaseBook):
    case = open_case(book)
    asked(book, case)
    for _ in range(50):
        with pytest.raises(TransitionRefused):
            book.start_round(case, 2)
        with pytest.raises(CaseNotFound):
            book.start_round("case-nobody", 1)
    assert book.accepted_decision(case, f"{case}:r1", announced=200) is None
    with pytest.raises(QuestionNotAsked):
        book.accepted_decision("case-invented", "case-invented:r1")

    assert {(each.case_id, each.reason, each.attempts) for each in book.refusals()} == {
        (case, "round-not-justified", 50),
        (case, "no-accepted-decision", 200),
        (None, "unknown-case", 50),
        (None, "question-not-asked", 1),
    }
    assert sum(book.refusals_by_reason().values()) == 301
    assert book.refusals(case)[0].sentence.startswith(f"An answer to '{case}:r1' was announced")
    assert len(book.case_events(case)) == 10, "the case's own log is left alone"


def test_the_accepted_decision_is_read_by_its_review(book: CaseBook):
    case = open_case(book)
    opening = ask(book, case)
    decision = decide(book, opening)
    assert book.accepted_decision(case, opening.review.review_id) == decision
    with pytest.raises(QuestionNotAsked):
        book.accepted_decision(open_case(book, 2), opening.review.review_id)
