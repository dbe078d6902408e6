"""Effects against a real casebook and a store that fails: noted exactly, at most once, never repeated blindly."""

from datetime import datetime
from typing import Any

import pytest

from casebook.errors import NotApproved
from contracts.actions import RecommendedAction
from contracts.effect import EffectOrder
from contracts.investigation import ActionOrder, ActionResult, Reconciliation
from contracts.money import Money
from contracts.refunds import ChosenRefund
from contracts.report import Evidence, ToolCall
from tests.support.casebooks import CaseBook
from tests.unit.worker.support.cases import NOON, a_report, an_assessment, three_reports
from tests.unit.worker.support.record import CASE, CTX, approved, events
from tests.unit.worker.support.store import CUSTOMER, LOCKED_AT, FakeStore, a_charge
from worker.activities.actions import NO_LONGER_HOLDS, NOTHING_TO_REFUND, ActionActivities
from worker.activities.effects import OTHER_EFFECT, UNKNOWN, EffectGateway
from worker.activities.facts import FactActivities
from worker.domain.facts import is_refund_of, order_for
from worker.ports.actions import ActionsUnavailable, LedgerEntry

LOCK = f"{CASE}:lock_account:7"
REFUND = f"{CASE}:refund_charges:7"


def acting(casebook: CaseBook, store: FakeStore) -> ActionActivities:
    return ActionActivities(casebook, store, FactActivities(casebook, store))


def an_order(
    casebook: CaseBook,
    action: RecommendedAction = "lock_account",
    charges: tuple[str, ...] = (),
    refunds: tuple[ChosenRefund, ...] | None = None,
) -> ActionOrder:
    """An approved order about charges that were seen as they are in a new store."""
    call = ToolCall(
        tool_call_id="r1-billing-1",
        tool="get_recent_charges",
        arguments={},
        ok=True,
        result_hash="sha256:" + "0" * 64,
        duration_ms=1,
    )
    seen = Evidence(
        evidence_id=call.tool_call_id,
        tool=call.tool,
        arguments={},
        ok=True,
        result={"charges": [a_charge(charge) for charge in charges]},
        recorded_at=NOON,
    )
    concluded = an_assessment(reports=(*three_reports()[:2], a_report("billing", tool_calls=(call,))))
    assessment = concluded.model_copy(update={"refund_charge_ids": charges})
    return order_for(CASE, CUSTOMER, assessment, approved(casebook, action, assessment, [seen], refunds))


def statuses(result: ActionResult) -> dict[str, Any]:
    return {effect.action: effect.status for effect in result.effects}


def shown(casebook: CaseBook) -> dict[str, Any]:
    """What the case page shows of each effect."""
    return {effect.action: effect.status for effect in casebook.get_fraud_case(CASE).effects}


def test_an_effect_is_noted_before_and_after_it_happens(casebook: CaseBook) -> None:
    store = FakeStore(charges=[a_charge("ch-1"), a_charge("ch-2")])
    order = an_order(casebook, "lock_and_refund", ("ch-1", "ch-2"))

    result = acting(casebook, store).execute_action(CTX, order)

    assert statuses(result) == {"lock_account": "done", "refund_charges": "done"}
    assert store.asked == [f"look_up {LOCK}", f"lock_account {LOCK}", f"look_up {REFUND}", f"refund_charges {REFUND}"]
    assert store.refunded == ["ch-1", "ch-2"]
    assert events(casebook)[-4:] == ["effect_started", "effect_finished", "effect_started", "effect_finished"]
    assert result.effects[0].result == {"customer_id": 7, "reason": f"{CASE}: approved by anna"}


def test_account_that_is_locked_already_is_an_answer(casebook: CaseBook) -> None:
    store = FakeStore(lock="case-2: approved by ben (account_takeover)")

    (effect,) = acting(casebook, store).execute_action(CTX, an_order(casebook)).effects

    assert (effect.status, shown(casebook)) == ("done", {"lock_account": "done"})
    assert effect.already == (
        EffectOrder(key="another", at=datetime.fromisoformat(LOCKED_AT), case_id="case-2", approved_by="ben"),
    )
    assert casebook.get_fraud_case(CASE).effects == (effect,)
    # What is found in the ledger later says the same.
    assert EffectGateway(store).found(effect.model_copy(update={"already": None}), "lock_account", 7) == effect


@pytest.mark.parametrize("told", [None, "all", [], ["x"], [{"locked_at": "long ago"}], [{"locked_at": "2026-03-02"}]])
def test_earlier_lock_is_told_also_without_its_orders(casebook: CaseBook, told: Any) -> None:
    result: dict[str, Any] = {"already_locked": True, "also_locked_by": told}
    store = FakeStore(ledger={LOCK: LedgerEntry(action="lock_account", customer_id=7, result=result)})

    (effect,) = acting(casebook, store).execute_action(CTX, an_order(casebook)).effects

    assert (effect.status, effect.already) == ("done", ())


def test_refund_of_other_charges_is_no_success(casebook: CaseBook) -> None:
    result: dict[str, Any] = {"refunded": [{"charge_id": "ch-1"}, {"charge_id": "ch-9"}]}
    store = FakeStore(ledger={REFUND: LedgerEntry(action="refund_charges", customer_id=7, result=result)})

    (effect,) = acting(casebook, store).execute_action(CTX, an_order(casebook, "refund_charges", ("ch-1",))).effects

    assert (effect.status, effect.result) == ("failed", {"error": OTHER_EFFECT})


@pytest.mark.parametrize("total", [None, (Money(amount_minor=1_500, currency="EUR"),)])
def test_refund_is_sent_with_the_total_that_was_approved(casebook: CaseBook, total: tuple[Money, ...] | None) -> None:
    store = FakeStore(charges=[a_charge("ch-1")])
    assessment = an_assessment().model_copy(update={"refund_charge_ids": ("ch-1",), "refund_total": total})
    order = order_for(CASE, CUSTOMER, assessment, approved(casebook, "refund_charges", assessment))

    acting(casebook, store).execute_action(CTX, order)

    assert store.expected_totals == [total]


def test_repeated_refund_must_be_of_the_chosen_amounts(casebook: CaseBook) -> None:
    part = ChosenRefund(charge_id="ch-1", amount=Money(amount_minor=500, currency="EUR"))
    order = an_order(casebook, "refund_charges", ("ch-1", "ch-2"), refunds=(part,))
    store = FakeStore(charges=[a_charge("ch-1"), a_charge("ch-2")])

    (done,) = acting(casebook, store).execute_action(CTX, order).effects

    assert (done.status, store.refunded, store.amounts) == ("done", ["ch-1"], [{"ch-1": 500}])
    assert store.expected_totals == [(part.amount,)]
    for amount, same in ((500, True), (501, False)):
        result: dict[str, Any] = {"refunded": [{"charge_id": "ch-1", "amount_minor": amount}]}
        assert is_refund_of(order, done.model_copy(update={"result": result})) is same


def test_an_action_that_nobody_approved_does_not_happen(casebook: CaseBook) -> None:
    store = FakeStore()
    order = an_order(casebook, "refund_charges")
    forged = order.model_copy(update={"decision": order.decision.model_copy(update={"action": "lock_account"})})

    with pytest.raises(NotApproved):
        acting(casebook, store).execute_action(CTX, forged)
    with pytest.raises(NotApproved):
        acting(casebook, store).reconcile_action(CTX, Reconciliation(order=forged))
    assert store.asked == []


@pytest.mark.parametrize("fault", ["before", "after"])
def test_silent_store_is_asked_again_only_after_its_ledger(casebook: CaseBook, fault: Any) -> None:
    store = FakeStore(faults=[fault])
    activities, order = acting(casebook, store), an_order(casebook)

    with pytest.raises(ActionsUnavailable):
        activities.execute_action(CTX, order)
    assert shown(casebook) == {"lock_account": "pending"}
    result = activities.execute_action(CTX, order)

    assert statuses(result) == {"lock_account": "done"}
    sent_again = [f"lock_account {LOCK}"] if fault == "before" else []
    assert store.asked == [f"look_up {LOCK}", f"lock_account {LOCK}", f"look_up {LOCK}", *sent_again]
    assert events(casebook).count("effect_started") == 1
    assert events(casebook).count("effect_finished") == 1


def test_nothing_is_sent_again_while_the_ledger_is_unreadable(casebook: CaseBook) -> None:
    store = FakeStore(faults=["after"])
    activities, order = acting(casebook, store), an_order(casebook)
    with pytest.raises(ActionsUnavailable):
        activities.execute_action(CTX, order)
    store.reads_fail = 1

    with pytest.raises(ActionsUnavailable):
        activities.execute_action(CTX, order)

    assert store.writes == [f"lock_account {LOCK}"]


def test_ledger_entry_under_this_key_must_be_this_effect(casebook: CaseBook) -> None:
    store = FakeStore(ledger={LOCK: LedgerEntry(action="unlock_account", customer_id=7, result={})})

    (effect,) = acting(casebook, store).execute_action(CTX, an_order(casebook)).effects

    assert (effect.status, effect.result) == ("failed", {"error": OTHER_EFFECT})
    assert store.writes == []


def test_refusal_is_final_and_ends_the_attempt(casebook: CaseBook) -> None:
    store = FakeStore(faults=["refuses"])

    result = acting(casebook, store).execute_action(CTX, an_order(casebook, "lock_and_refund", ("ch-1",)))

    assert [(effect.action, effect.status, effect.result) for effect in result.effects] == [
        ("lock_account", "failed", {"error": "The store does not want to."})
    ]
    assert store.refunded == []


def test_half_of_an_action_is_shown_as_that_half(casebook: CaseBook) -> None:
    store = FakeStore(charges=[a_charge("ch-1")])
    activities, order = acting(casebook, store), an_order(casebook, "lock_and_refund", ("ch-1",))
    store.faults = ["after", "refuses"]
    with pytest.raises(ActionsUnavailable):
        activities.execute_action(CTX, order)

    result = activities.execute_action(CTX, order)

    assert statuses(result) == shown(casebook) == {"lock_account": "done", "refund_charges": "failed"}
    assert casebook.get_fraud_case(CASE).effects[1].result == {"error": "The store does not want to."}


def test_a_refund_without_charges_fails_without_asking_the_store(casebook: CaseBook) -> None:
    store = FakeStore()

    (effect,) = acting(casebook, store).execute_action(CTX, an_order(casebook, "refund_charges")).effects

    assert (effect.status, effect.result) == ("failed", {"error": NOTHING_TO_REFUND})
    assert store.writes == []


def test_effect_in_doubt_is_shown_as_unknown_while_acting(casebook: CaseBook) -> None:
    store = FakeStore(faults=["after"])
    activities, order = acting(casebook, store), an_order(casebook)
    with pytest.raises(ActionsUnavailable):
        activities.execute_action(CTX, order)
    store.reads_fail = 2

    (effect,) = activities.reconcile_action(CTX, Reconciliation(order=order)).effects
    (again,) = activities.reconcile_action(CTX, Reconciliation(order=order)).effects

    assert effect == again
    assert (effect.status, effect.result) == ("unknown", {"error": UNKNOWN})
    view = casebook.get_fraud_case(CASE)
    assert (view.state, view.effects) == ("acting", (effect,))
    assert events(casebook).count("effect_finished") == 1
    assert statuses(activities.reconcile_action(CTX, Reconciliation(order=order))) == {"lock_account": "done"}
    assert shown(casebook) == {"lock_account": "done"}
    assert store.writes == [f"lock_account {LOCK}"]


def test_what_the_ledger_lacks_is_sent_under_same_key(casebook: CaseBook) -> None:
    store = FakeStore(faults=["before"])
    activities, order = acting(casebook, store), an_order(casebook)
    with pytest.raises(ActionsUnavailable):
        activities.execute_action(CTX, order)

    assert statuses(activities.reconcile_action(CTX, Reconciliation(order=order))) == {"lock_account": "done"}
    assert store.writes == [f"lock_account {LOCK}"] * 2


def test_nothing_is_resent_once_its_approval_no_longer_holds(casebook: CaseBook) -> None:
    store = FakeStore(charges=[a_charge("ch-1")], faults=["before"])
    activities, order = acting(casebook, store), an_order(casebook, "refund_charges", ("ch-1",))
    with pytest.raises(ActionsUnavailable):
        activities.execute_action(CTX, order)
    store.charges = [a_charge("ch-1", 9_900)]

    (effect,) = activities.reconcile_action(CTX, Reconciliation(order=order)).effects

    why = "Charge ch-1 is now 99.00 EUR: 15.00 EUR were approved."
    assert (effect.status, effect.result) == ("failed", {"error": NO_LONGER_HOLDS + why})
    assert store.refunded == []


def test_own_lock_does_not_block_the_other_half(casebook: CaseBook) -> None:
    store = FakeStore(charges=[a_charge("ch-1")])
    activities, order = acting(casebook, store), an_order(casebook, "lock_and_refund", ("ch-1",))
    store.faults = [None, "before"]
    with pytest.raises(ActionsUnavailable):
        activities.execute_action(CTX, order)

    result = activities.reconcile_action(CTX, Reconciliation(order=order))

    assert statuses(result) == {"lock_account": "done", "refund_charges": "done"}
    assert store.refunded == ["ch-1"]


def test_log_says_loudly_that_nobody_knows_after_last_look(
    casebook: CaseBook, caplog: pytest.LogCaptureFixture
) -> None:
    store = FakeStore(reads_fail=1)

    acting(casebook, store).reconcile_action(CTX, Reconciliation(order=an_order(casebook), last=True))

    (said,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert said.getMessage() == f"The result of {LOCK} is unknown: {UNKNOWN}"
