"""Reversals, against a real casebook: approved, once, and only while the facts are as approved."""

import pytest

from casebook.errors import NotReversible
from contracts.reversal import Reversal
from contracts.steps import CloseCaseInput, ReconcileReversalInput, ReversalOrder
from tests.support.casebooks import CaseBook
from tests.unit.worker.support.cases import an_assessment
from tests.unit.worker.support.record import CASE, CTX, approved, events
from tests.unit.worker.support.store import CUSTOMER, FakeStore, Fault, a_charge
from worker.activities.actions import ActionActivities
from worker.activities.effects import UNKNOWN
from worker.activities.facts import FactActivities
from worker.activities.reversals import ReversalActivities
from worker.domain.facts import order_for
from worker.ports.actions import ActionsUnavailable

LOCK = f"{CASE}:lock_account:7"
REFUND = f"{CASE}:refund_charges:7"
UNLOCK = f"{CASE}:unlock_account:7:1"


def reversing(casebook: CaseBook, store: FakeStore) -> ReversalActivities:
    return ReversalActivities(casebook, store)


def done(casebook: CaseBook, store: FakeStore) -> None:
    """Lock and refund have happened, and the case is closed."""
    store.charges = [a_charge("ch-1")]
    assessment = an_assessment().model_copy(update={"refund_charge_ids": ("ch-1",)})
    order = order_for(CASE, CUSTOMER, assessment, approved(casebook, "lock_and_refund", assessment))
    ActionActivities(casebook, store, FactActivities(casebook, store)).execute_action(CTX, order)
    casebook.close_case(CloseCaseInput(case_id=CASE, round=1, outcome="locked_and_refunded"))
    store.asked.clear()


def requested(casebook: CaseBook, undoes: str = LOCK) -> Reversal:
    return casebook.request_reversal(CASE, undoes, "It was the customer.", subject="ana", roles=("analyst",))


def approved_reversal(casebook: CaseBook, undoes: str = LOCK) -> Reversal:
    requested(casebook, undoes)
    return casebook.decide_reversal(CASE, 1, "approve", None, subject="maria", roles=("manager",))


def ordered(asked: Reversal) -> ReversalOrder:
    """Its order in the scheduler."""
    return ReversalOrder(case_id=asked.case_id, reversal_id=asked.reversal_id, undoes=asked.undoes)


def shown(casebook: CaseBook) -> Reversal:
    return casebook.get_fraud_case(CASE).reversals[0]


def test_a_lock_is_taken_off_once_both_have_agreed(casebook: CaseBook) -> None:
    store = FakeStore()
    done(casebook, store)
    reversal = ordered(approved_reversal(casebook))

    effect = reversing(casebook, store).execute_reversal(CTX, reversal)

    assert (effect.key, effect.action, effect.status, store.lock) == (UNLOCK, "unlock_account", "done", None)
    assert effect.result == {
        "customer_id": 7,
        "reason": f"{CASE}: {CASE}:unlock_account:1, requested by ana, approved by maria",
    }
    assert store.asked == [f"look_up {UNLOCK}", f"unlock_account {UNLOCK} {LOCK}"]
    assert (shown(casebook).status, shown(casebook).effect) == ("done", effect)
    assert events(casebook)[-2:] == ["reversal_started", "reversal_finished"]


def test_refund_is_recorded_as_reversed(casebook: CaseBook) -> None:
    store = FakeStore()
    done(casebook, store)

    effect = reversing(casebook, store).execute_reversal(CTX, ordered(approved_reversal(casebook, REFUND)))

    assert (effect.action, effect.status) == ("reverse_refund", "done")
    assert store.ledger[effect.key].action == "record_refund_reversal"
    assert shown(casebook).status == "done"


def test_nothing_is_reversed_that_nobody_approved(casebook: CaseBook) -> None:
    store = FakeStore()
    done(casebook, store)
    reversal = ordered(requested(casebook))

    with pytest.raises(NotReversible):
        reversing(casebook, store).execute_reversal(CTX, reversal)
    with pytest.raises(NotReversible):
        reversing(casebook, store).execute_reversal(CTX, reversal.model_copy(update={"reversal_id": "other"}))
    assert store.asked == []


def test_reversal_that_the_store_refuses_has_failed(casebook: CaseBook) -> None:
    store = FakeStore()
    done(casebook, store)
    store.faults = ["refuses"]

    effect = reversing(casebook, store).execute_reversal(CTX, ordered(approved_reversal(casebook)))

    assert (effect.status, effect.result) == ("failed", {"error": "The store does not want to."})
    assert (shown(casebook).status, shown(casebook).effect) == ("failed", effect)


@pytest.mark.parametrize("fault", ["before", "after"])
def test_reversal_in_doubt_is_looked_up_before_resending(casebook: CaseBook, fault: Fault) -> None:
    store = FakeStore()
    done(casebook, store)
    reversal = ordered(approved_reversal(casebook))
    store.faults = [fault]
    activities = reversing(casebook, store)
    with pytest.raises(ActionsUnavailable):
        activities.execute_reversal(CTX, reversal)
    store.reads_fail = 1

    doubtful = activities.reconcile_reversal(CTX, ReconcileReversalInput(order=reversal))
    effect_then, status_then = shown(casebook).effect, shown(casebook).status
    found = activities.reconcile_reversal(CTX, ReconcileReversalInput(order=reversal))

    assert (doubtful.status, doubtful.result) == ("unknown", {"error": UNKNOWN})
    assert (effect_then, status_then) == (doubtful, "approved")
    assert (found.status, shown(casebook).status) == ("done", "done")
    assert len(store.writes) == (2 if fault == "before" else 1)


def test_unreachable_store_leaves_reversal_for_the_next_attempt(casebook: CaseBook) -> None:
    store = FakeStore()
    done(casebook, store)
    reversal = ordered(approved_reversal(casebook))
    store.reads_fail = 1

    with pytest.raises(ActionsUnavailable):
        reversing(casebook, store).execute_reversal(CTX, reversal)

    assert (shown(casebook).status, store.writes) == ("approved", [])
