"""What an approval can say of a refund: which charges, and how much of each."""

from typing import Any

import pytest

from casebook.errors import (
    CasebookError,
    ChargeChosenTwice,
    ChargeNotSeen,
    NotAsApproved,
    OtherRefundsProposed,
    RefundsNotChosen,
    RefundTooLarge,
)
from contracts.actions import RecommendedAction
from contracts.case import Proposal
from contracts.effect import EffectTerms
from contracts.hashing import content_hash
from contracts.investigation import InvestigationPolicy, ReviewOpening
from contracts.money import Money
from contracts.refunds import ChosenRefund, total_of
from contracts.report import Evidence, ToolCall
from contracts.review import Decision
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    NOON,
    a_decision,
    a_report,
    an_assessment,
    an_effect,
    an_opening,
    begin,
    closing,
    evidence_of,
    open_case,
)

LIMIT = 1_000
SUSPICIOUS = ("ch-1", "ch-2")
SEEN: list[dict[str, Any]] = [
    {"charge_id": "ch-1", "amount_minor": 600, "currency": "EUR", "status": "posted"},
    {"charge_id": "ch-2", "amount_minor": 900, "currency": "EUR", "status": "posted", "refunded_minor": 100},
    {"charge_id": "ch-3", "amount_minor": 5_000, "currency": "EUR", "status": "posted"},
    {"charge_id": "ch-4", "amount_minor": 100, "currency": "EUR", "status": "refunded"},
    {"charge_id": "ch-5", "amount_minor": 100, "currency": "EUR", "status": "posted", "refunded_minor": 100},
]


def chosen(*parts: tuple[str, int], currency: str = "EUR") -> tuple[ChosenRefund, ...]:
    return tuple(
        ChosenRefund(charge_id=charge_id, amount=Money(amount_minor=amount, currency=currency))
        for charge_id, amount in parts
    )


def asked(book: CaseBook) -> ReviewOpening:
    """A question about the refund of two of the charges that the investigation saw."""
    case = open_case(book)
    begin(book, case, policy=InvestigationPolicy(four_eyes_refund_minor=LIMIT))
    seen = Evidence(
        evidence_id="r1-billing-2",
        tool="get_recent_charges",
        arguments={},
        ok=True,
        result={"charges": list(SEEN)},
        recorded_at=NOON,
    )
    call = ToolCall(
        tool_call_id=seen.evidence_id,
        tool=seen.tool,
        arguments={},
        ok=True,
        result_hash=content_hash({"result": seen.result}),
        duration_ms=1,
    )
    reports = list(an_assessment().reports)
    billing = a_report("billing")
    reports[2] = billing.model_copy(update={"tool_calls": (*billing.tool_calls, call)})
    for report in reports:
        more = [seen] if report.specialist == "billing" else []
        book.save_report(case, report, [evidence_of(1, report.specialist), *more])
    assessment = an_assessment(action="refund_charges").model_copy(
        update={
            "reports": tuple(reports),
            "refund_charge_ids": SUSPICIOUS,
            "refund_total": (Money(amount_minor=1_400, currency="EUR"),),
        }
    )
    opening = an_opening(case, book.save_assessment(case, assessment))
    book.open_review(opening)
    return opening


def answer(
    opening: ReviewOpening,
    refunds: tuple[ChosenRefund, ...] | None,
    action: RecommendedAction = "refund_charges",
    who: str = "ana",
) -> Decision:
    return a_decision(opening, action=action, decided_by=who).model_copy(update={"refunds": refunds})


def test_small_choice_needs_one_person_and_binds_the_effect(book: CaseBook):
    opening = asked(book)
    case, refunds = opening.case_id, chosen(("ch-2", 300), ("ch-1", 600))
    assert book.get_fraud_case(case).review is not None

    recorded = book.accept_decision(answer(opening, refunds), MANAGER)

    assert isinstance(recorded, Decision)
    assert recorded.refunds == chosen(("ch-1", 600), ("ch-2", 300))
    terms = EffectTerms(
        review_id=recorded.review_id,
        customer_id=1,
        refund_charge_ids=("ch-1", "ch-2"),
        refund_total=(Money(amount_minor=900, currency="EUR"),),
        refunds=recorded.refunds,
    )
    effect = an_effect(case, "refund_charges")
    for other in (
        terms.model_copy(update={"refunds": None}),
        terms.model_copy(update={"refunds": chosen(("ch-1", 300), ("ch-2", 600))}),
        terms.model_copy(update={"refund_charge_ids": SUSPICIOUS[:1]}),
    ):
        with pytest.raises(NotAsApproved):
            book.start_effect(case, effect, other)
    book.start_effect(case, effect, terms)
    book.finish_effect(case, effect.model_copy(update={"status": "done", "result": {}}))
    book.close_case(closing(case, "charges_refunded"))
    assert book.get_fraud_case(case).decisions == (recorded,)
    assert book.audit_case(case).broken is None


def test_charges_that_were_seen_may_be_added_by_two(book: CaseBook):
    opening = asked(book)
    refunds = chosen(("ch-1", 600), ("ch-3", 401))

    waiting = book.accept_decision(answer(opening, refunds), MANAGER)
    with pytest.raises(OtherRefundsProposed, match=r"^ana chose other refunds"):
        book.accept_decision(answer(opening, chosen(("ch-1", 600)), who="ben"), MANAGER)
    with pytest.raises(OtherRefundsProposed):
        book.accept_decision(answer(opening, None, who="ben"), MANAGER)
    recorded = book.accept_decision(answer(opening, (refunds[1], refunds[0]), who="ben"), MANAGER)

    assert isinstance(waiting, Proposal)
    assert isinstance(recorded, Decision)
    assert waiting.refunds == recorded.refunds == refunds
    assert book.audit_case(opening.case_id).broken is None


def test_approval_without_a_choice_is_about_what_was_asked(book: CaseBook):
    opening = asked(book)

    waiting = book.accept_decision(answer(opening, None), MANAGER)

    # What the assessment names adds up to more than one person may refund.
    assert isinstance(waiting, Proposal)
    assert "refunds" not in book.case_events(opening.case_id)[-1].data


@pytest.mark.parametrize(
    ("refunds", "action", "error", "sentence"),
    [
        (chosen(("ch-9", 1)), "refund_charges", ChargeNotSeen, "Charge ch-9 is not among the charges"),
        (chosen(("ch-4", 1)), "refund_charges", ChargeNotSeen, "Charge ch-4 is not among the charges"),
        (chosen(("ch-5", 1)), "refund_charges", ChargeNotSeen, "Charge ch-5 is not among the charges"),
        (chosen(("ch-1", 601)), "refund_charges", RefundTooLarge, "6.01 EUR of charge ch-1 cannot be refunded"),
        (chosen(("ch-2", 801)), "lock_and_refund", RefundTooLarge, "8.01 EUR of charge ch-2 cannot be refunded"),
        (chosen(("ch-1", 0)), "refund_charges", RefundTooLarge, "0.00 EUR of charge ch-1 cannot be refunded"),
        (chosen(("ch-1", -1)), "refund_charges", RefundTooLarge, "-0.01 EUR of charge ch-1 cannot be refunded"),
        (chosen(("ch-1", 1), currency="USD"), "refund_charges", RefundTooLarge, "0.01 USD of charge ch-1 cannot"),
        (chosen(("ch-1", 1), ("ch-1", 2)), "refund_charges", ChargeChosenTwice, "Charge ch-1 is chosen twice"),
        ((), "refund_charges", RefundsNotChosen, "Only an approval of a refund chooses refunds"),
        (chosen(("ch-1", 1)), "lock_account", RefundsNotChosen, "Only an approval of a refund chooses refunds"),
    ],
)
def test_only_what_was_seen_can_be_chosen(
    book: CaseBook,
    refunds: tuple[ChosenRefund, ...],
    action: RecommendedAction,
    error: type[CasebookError],
    sentence: str,
):
    opening = asked(book)

    with pytest.raises(error) as refused:
        book.accept_decision(answer(opening, refunds, action), MANAGER)

    assert str(refused.value).startswith(sentence)
    assert (refused.value.status, len(book.get_fraud_case(opening.case_id).decisions)) == (422, 0)


def test_rejection_chooses_no_refunds(book: CaseBook):
    opening = asked(book)
    rejected = a_decision(opening, "reject").model_copy(update={"refunds": chosen(("ch-1", 1))})

    with pytest.raises(RefundsNotChosen):
        book.accept_decision(rejected, MANAGER)


def test_totals_are_by_currency() -> None:
    both = (*chosen(("a", 1), ("b", 2)), *chosen(("c", 5), currency="CHF"))

    assert total_of(each.amount for each in both) == (
        Money(amount_minor=5, currency="CHF"),
        Money(amount_minor=3, currency="EUR"),
    )
