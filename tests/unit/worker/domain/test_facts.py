"""What an approval relies on: totals from the record, and every way in which the facts can have changed."""

from typing import Any, get_args

import pytest
from pydantic import JsonValue

from contracts.actions import EffectAction, RecommendedAction
from contracts.assessment import RiskAssessment
from contracts.charges import known_charges
from contracts.effect import Effect
from contracts.investigation import ActionOrder, FactCheck, FactReport
from contracts.money import Money
from contracts.report import Evidence, ToolCall
from tests.unit.worker.support.cases import NOON, a_decision, a_policy, a_report, an_assessment
from tests.unit.worker.support.store import REFUNDED_AT, FakeStore, a_charge, a_refund
from worker.domain.facts import (
    asked_again,
    compare,
    customer_of,
    facts_behind,
    refund_total,
    refused_because,
    spoken,
    still_to_do,
)

CASE = "case-1"
OWN = f"{CASE}: approved by ana"


def evidence(tool: str, result: JsonValue, *, ok: bool = True) -> Evidence:
    return Evidence(evidence_id="r1-billing-1", tool=tool, arguments={}, ok=ok, result=result, recorded_at=NOON)


def charges(*listed: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {"charges": list[JsonValue](listed)}


def seen(*listed: dict[str, JsonValue]) -> tuple[Evidence, ...]:
    return (evidence("get_recent_charges", charges(*listed)),)


def a_check(action: RecommendedAction = "lock_account", *charge_ids: str, **changes: Any) -> FactCheck:
    return FactCheck(case_id=CASE, customer_id=7, action=action, refund_charge_ids=charge_ids, **changes)


def with_charges(*charge_ids: str, **changes: Any) -> RiskAssessment:
    return an_assessment(0.9, "lock_account").model_copy(update={"refund_charge_ids": charge_ids, **changes})


ACTIVE, LOCKED = FakeStore().customer(), FakeStore(lock="case-2: SIM swap").customer()


def test_total_of_a_refund_sums_the_recorded_amounts() -> None:
    known = known_charges(seen(a_charge("a", 1_000), a_charge("b", 250), a_charge("c", 99, currency="USD")))

    assert refund_total(("a", "b"), known) == (Money(amount_minor=1_250, currency="EUR"),)
    assert refund_total(("a", "c"), known) == (
        Money(amount_minor=1_000, currency="EUR"),
        Money(amount_minor=99, currency="USD"),
    )
    assert refund_total((), known) == ()


@pytest.mark.parametrize(
    "listed",
    [
        [],
        [a_charge("b")],
        [{"charge_id": "a"}],
        [a_charge("a", currency="euro")],
        [a_charge("a", currency=None)],
        [a_charge("a") | {"amount_minor": "12"}],
        [a_charge("a") | {"amount_minor": True}],
        [a_charge("a") | {"amount_minor": 12.5}],
        [a_charge("a") | {"amount_minor": 10**400}],
    ],
)
def test_illegible_amount_makes_the_total_unknown(listed: list[dict[str, JsonValue]]) -> None:
    assert refund_total(("a",), known_charges(seen(*listed))) is None


@pytest.mark.parametrize("answer", [None, "none", [], {}, {"charges": None}, {"charges": ["a"]}])
def test_an_answer_of_another_shape_holds_no_charges(answer: JsonValue) -> None:
    assert known_charges([evidence("get_recent_charges", answer)]) == {}


def test_only_answers_of_the_charges_tool_count() -> None:
    failed = evidence("get_recent_charges", charges(a_charge("a")), ok=False)
    other = evidence("get_orders", charges(a_charge("a")))

    assert known_charges([failed, other]) == {}


def test_nothing_is_checked_before_nothing_is_done() -> None:
    assert facts_behind(CASE, 7, "clear", an_assessment()) is None


def test_check_names_evidence_and_changes_known_to_the_approver() -> None:
    def call(number: int, tool: str, *, ok: bool = True) -> ToolCall:
        return ToolCall(
            tool_call_id=f"r1-billing-{number}",
            tool=tool,
            arguments={},
            ok=ok,
            result_hash="sha256:" + "0" * 64,
            duration_ms=1,
        )

    calls = (
        call(1, "get_recent_charges"),
        call(2, "get_recent_charges", ok=False),
        call(3, "get_orders"),
        call(4, "get_customer"),
    )
    assessment = with_charges("a", reports=(a_report("billing", tool_calls=calls),), route_reasons=("Told.",))

    check = facts_behind(CASE, 7, "refund_charges", assessment)

    assert check == a_check(
        "refund_charges", "a", evidence_ids=("r1-billing-1", "r1-billing-4"), known_changes=("Told.",)
    )
    locking = facts_behind(CASE, 7, "lock_account", assessment)
    assert locking is not None
    assert locking.refund_charge_ids == ()


@pytest.mark.parametrize("customer", [ACTIVE, LOCKED, FakeStore(lock=OWN).customer()])
def test_account_that_is_locked_already_voids_no_lock(customer: JsonValue) -> None:
    assert compare(a_check(), (), customer, None).changes == ()


@pytest.mark.parametrize("customer", [{"status": "vanished"}, {}, "locked", None])
def test_store_must_say_whether_the_account_is_active(customer: JsonValue) -> None:
    assert compare(a_check(), (), customer, None).changes == (
        "The customer store does not say whether the account is active.",
    )


def test_refund_does_not_ask_for_the_account_s_lock() -> None:
    report = compare(a_check("refund_charges", "a"), seen(a_charge("a")), None, charges(a_charge("a")))

    assert report.changes == ()
    assert (report.refund_charge_ids, report.refund_total) == (("a",), (Money(amount_minor=1_500, currency="EUR"),))


@pytest.mark.parametrize(
    ("now", "change", "refundable"),
    [
        (charges(), "Charge a is no longer among the account's recent charges: it cannot be refunded.", ()),
        (charges(a_charge("a", status="refunded")), "Charge a cannot be refunded: its status is refunded.", ()),
        (charges(a_charge("a", status="disputed")), "Charge a cannot be refunded: its status is disputed.", ()),
        (charges(a_charge("a", 9_900)), "Charge a is now 99.00 EUR: 15.00 EUR were approved.", ("a",)),
        (
            charges(a_charge("a", currency="USD")),
            "Charge a is now 15.00 USD: 15.00 EUR were approved.",
            ("a",),
        ),
        (None, "Charge a is no longer among the account's recent charges: it cannot be refunded.", ()),
    ],
)
def test_charge_must_be_refundable_and_cost_the_same(now: JsonValue, change: str, refundable: tuple[str, ...]) -> None:
    report = compare(a_check("lock_and_refund", "a"), seen(a_charge("a")), ACTIVE, now)

    assert (report.changes, report.refund_charge_ids) == ((change,), refundable)


def refunds(*listed: dict[str, JsonValue]) -> JsonValue:
    return {"refunds": list[JsonValue](listed)}


def test_refund_made_meanwhile_is_told_with_who_and_when() -> None:
    now = charges(a_charge("a", status="refunded"), a_charge("b", status="refunded"))
    told = refunds(a_refund("a"), a_refund("b", reason="by hand"), a_refund("b", reversed_at=REFUNDED_AT))

    report = compare(a_check("refund_charges", "a", "b"), seen(a_charge("a"), a_charge("b")), None, now, told)

    assert report.changes == (
        f"Charge a cannot be refunded: it was refunded at {REFUNDED_AT} by case-2, approved by ben.",
        f"Charge b cannot be refunded: it was refunded at {REFUNDED_AT} by an order of no case "
        "(under the key 'case-2:refund_charges:7').",
    )


def test_part_refunded_meanwhile_leaves_the_rest() -> None:
    now = charges(a_charge("a", refunded_minor=1_000))

    report = compare(a_check("refund_charges", "a"), seen(a_charge("a")), None, now, refunds(a_refund("a", 1_000)))

    assert report.changes == (
        f"Of the 15.00 EUR of charge a, 10.00 EUR were refunded at {REFUNDED_AT} by case-2, approved by ben: "
        "5.00 EUR are left.",
    )
    assert (report.refund_charge_ids, report.refund_total) == (("a",), (Money(amount_minor=500, currency="EUR"),))


def test_part_that_the_investigation_saw_refunded_is_no_news() -> None:
    partly = a_charge("a", refunded_minor=1_000)

    report = compare(a_check("refund_charges", "a"), seen(partly), None, charges(partly))

    assert (report.changes, report.refund_total) == ((), (Money(amount_minor=500, currency="EUR"),))


@pytest.mark.parametrize("given", [True, -1, 1_501, "10", None])
def test_charge_with_an_illegible_refund_is_not_known(given: JsonValue) -> None:
    assert known_charges(seen(a_charge("a") | {"refunded_minor": given})) == {}


def test_an_amount_that_nobody_had_seen_is_a_change() -> None:
    report = compare(a_check("refund_charges", "a"), (), None, charges(a_charge("a")))

    assert report.changes == ("The amount of charge a was not known when it was approved: it is 15.00 EUR.",)


def test_a_change_known_to_the_approver_is_ignored() -> None:
    now = charges(a_charge("a", 9_900))
    known = compare(a_check("refund_charges", "a"), seen(a_charge("a")), None, now).changes

    assert compare(a_check("refund_charges", "a", known_changes=known), seen(a_charge("a")), None, now).changes == ()


def test_next_question_says_changes_and_omits_the_unrefundable() -> None:
    first = with_charges("a", "b", recommended_action="refund_charges", route_reasons=("Because.",))
    report = FactReport(refund_charge_ids=("b",), refund_total=(Money(amount_minor=1, currency="EUR"),))

    again = asked_again(first, a_policy(), a_check("refund_charges", "a", "b"), ("Changed.", "Because."), report)

    assert (again.round, again.route, again.route_reasons) == (2, "review", ("Because.", "Changed."))
    assert (again.refund_charge_ids, again.refund_total) == (("b",), report.refund_total)
    assert (again.recommended_action, again.reports) == ("refund_charges", first.reports)


@pytest.mark.parametrize(
    ("action", "score", "expected"),
    [
        ("lock_and_refund", 0.1, "lock_account"),
        ("refund_charges", 0.9, "lock_account"),
        ("refund_charges", 0.1, "clear"),
    ],
)
def test_without_a_charge_to_refund_no_refund_is_recommended(
    action: RecommendedAction, score: float, expected: RecommendedAction
) -> None:
    first = with_charges("a", recommended_action=action, overall_risk_score=score)

    again = asked_again(first, a_policy(), a_check(action, "a"), ("Gone.",), FactReport(refund_total=()))

    assert (again.recommended_action, again.refund_charge_ids) == (expected, ())


def test_a_changed_account_leaves_the_refund_as_it_was() -> None:
    first = with_charges("a", recommended_action="lock_and_refund")

    again = asked_again(first, a_policy(), a_check("lock_account"), ("Locked.",), FactReport())

    assert (again.refund_charge_ids, again.recommended_action) == (("a",), "lock_and_refund")


APPROVAL = a_decision(f"{CASE}:r1", an_assessment(), action="refund_charges")
LOCK_DONE: frozenset[EffectAction] = frozenset({"lock_account"})


@pytest.mark.parametrize(("left", "expected"), [(("b",), "refund_charges"), ((), "lock_account")])
def test_once_the_account_is_locked_only_refund_is_asked(left: tuple[str, ...], expected: RecommendedAction) -> None:
    first = with_charges("a", "b", recommended_action="lock_and_refund")
    report = FactReport(changes=("Gone.",), refund_charge_ids=left, refund_total=())

    again = asked_again(first, a_policy(), a_check("refund_charges", "a", "b"), ("Gone.",), report, LOCK_DONE)

    assert (again.recommended_action, again.refund_charge_ids) == (expected, left)
    assert again.route_reasons[-2:] == (
        "Gone.",
        "The account was locked as approved: only the refund is asked about.",
    )
    assert [still_to_do(action, LOCK_DONE) for action in get_args(RecommendedAction)] == [
        "clear",
        "clear",
        "refund_charges",
        "refund_charges",
    ]


@pytest.mark.parametrize(
    ("report", "why"),
    [
        (None, ("Charge a was already refunded.",)),
        (FactReport(changes=("Gone.",)), ("Gone.",)),
        (FactReport(refund_charge_ids=("b",)), ("Charge a was already refunded.",)),
        (FactReport(refund_charge_ids=("a", "b")), ()),
    ],
)
def test_a_refusal_is_asked_about_when_facts_explain_it(report: FactReport | None, why: tuple[str, ...]) -> None:
    check, order = (
        a_check("refund_charges", "a", "b"),
        ActionOrder(case_id=CASE, customer_id=7, decision=APPROVAL, refund_charge_ids=("a", "b")),
    )
    refused = Effect(
        key="k", action="refund_charges", status="failed", result={"error": "Charge a was already refunded."}
    )

    assert refused_because(check, order, refused, report) == why


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (1_299, "EUR", "12.99 EUR"),
        (5, "USD", "0.05 USD"),
        (500, "JPY", "500 JPY"),
        (1_500, "KWD", "1.500 KWD"),
        (1_500, "JOD", "1.500 JOD"),
    ],
)
def test_amounts_are_written_as_people_write_them(amount: int, currency: str, text: str) -> None:
    assert spoken(Money(amount_minor=amount, currency=currency)) == text


def test_the_key_of_an_effect_names_its_customer() -> None:
    assert customer_of("case-1:lock_account:7") == customer_of("case-1:refund_charges:7:2") == 7
    for other in ("case-1:lock_account", "case-1:lock_account:seven", "case-1:lock_account:07", "a:b:c:d", "a:b:7:1"):
        with pytest.raises(ValueError, match=r".+"):
            customer_of(other)
