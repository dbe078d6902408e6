"""What every customer store promises about locking and unlocking an account."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from mcp_server.store.customer_store import CustomerStore
from mcp_server.store.errors import (
    IdempotencyKeyReused,
    LockNotActive,
    SeveralActiveLocks,
)
from tests.unit.mcp_server.store.accounts import CALLERS, SOMEBODY, SOMEBODY_ELSE
from tests.unit.mcp_server.support import NOW


def test_lock_shows_on_the_account_and_in_the_ledger(store: CustomerStore) -> None:
    result = store.lock_account(SOMEBODY, "Account takeover.", "case-1:lock_account:12")

    customer = store.customer(SOMEBODY)
    row = store.effect("case-1:lock_account:12")
    assert (customer.status, customer.locked_at, customer.lock_reason) == ("locked", NOW, "Account takeover.")
    assert (result.status, result.already_locked, result.replayed) == ("locked", False, False)
    assert row is not None
    assert (row.action, row.customer_id, row.at) == ("lock_account", SOMEBODY, NOW)
    assert row.arguments == {"reason": "Account takeover."}
    assert row.result == result.model_dump(mode="json")
    assert store.customer(SOMEBODY_ELSE).status == "active"


def test_a_repeated_lock_returns_the_first_result(store: CustomerStore) -> None:
    first = store.lock_account(SOMEBODY, "Account takeover.", "key")
    store.unlock_account(SOMEBODY, "It was a mistake.", "other key")

    again = store.lock_account(SOMEBODY, "Account takeover.", "key")

    assert again == first.model_copy(update={"replayed": True})
    assert store.customer(SOMEBODY).status == "active"


def test_locking_locked_account_succeeds_and_leaves_the_first_lock(store: CustomerStore) -> None:
    store.lock_account(SOMEBODY, "First reason.", "first")

    second = store.lock_account(SOMEBODY, "Second reason.", "second")

    assert (second.already_locked, second.lock_reason, second.replayed) == (True, "First reason.", False)
    assert store.customer(SOMEBODY).lock_reason == "First reason."
    assert store.effect("second") is not None


def test_lock_of_locked_account_names_the_orders_before_it(store: CustomerStore) -> None:
    first = store.lock_account(SOMEBODY, "case-a: approved by ana", "lock a")
    second = store.lock_account(SOMEBODY, "case-b: approved by ben", "lock b")
    again = store.lock_account(SOMEBODY, "case-b: approved by ben", "lock b")

    assert first.also_locked_by is None
    assert second.also_locked_by is not None
    (before,) = second.also_locked_by
    assert (before.idempotency_key, before.reason, before.locked_at) == ("lock a", "case-a: approved by ana", NOW)
    assert again == second.model_copy(update={"replayed": True})
    assert [lock.idempotency_key for lock in store.account_effects(SOMEBODY).locks] == ["lock a", "lock b"]


def test_unlocking_takes_the_lock_off(store: CustomerStore) -> None:
    store.lock_account(SOMEBODY, "Suspicion.", "lock")

    result = store.unlock_account(SOMEBODY, "Cleared by phone.", "unlock")

    customer = store.customer(SOMEBODY)
    assert (result.status, result.already_active) == ("active", False)
    assert (customer.status, customer.locked_at, customer.lock_reason) == ("active", None, None)
    assert store.unlock_account(SOMEBODY, "Once more.", "unlock again").already_active


@pytest.mark.parametrize(("first", "second"), [("lock a", "lock b"), ("lock b", "lock a")])
def test_account_opens_when_its_last_lock_is_reversed(store: CustomerStore, first: str, second: str) -> None:
    store.lock_account(SOMEBODY, "case-a: takeover", "lock a")
    store.lock_account(SOMEBODY, "case-b: takeover", "lock b")

    one = store.unlock_account(SOMEBODY, "It was them.", "unlock 1", first)
    between = store.customer(SOMEBODY)
    other = store.unlock_account(SOMEBODY, "It was them.", "unlock 2", second)

    assert (one.status, [lock.idempotency_key for lock in one.still_locked_by]) == ("locked", [second])
    assert (between.status, between.lock_reason) == ("locked", f"case-{second[-1]}: takeover")
    assert (other.status, other.still_locked_by) == ("active", ())
    after = store.customer(SOMEBODY)
    assert (after.status, after.locked_at, after.lock_reason) == ("active", None, None)


def test_inactive_lock_is_not_reversed(store: CustomerStore) -> None:
    store.lock_account(SOMEBODY, "case-a: takeover", "lock a")
    store.lock_account(SOMEBODY_ELSE, "case-b: takeover", "lock b")
    store.unlock_account(SOMEBODY, "It was them.", "unlock", "lock a")
    store.lock_account(SOMEBODY, "case-c: takeover", "lock c")

    for lock_key in ("lock a", "lock b", "never used"):
        with pytest.raises(LockNotActive, match=rf"^No lock under the key '{lock_key}' .*\('lock c'\): there is not"):
            store.unlock_account(SOMEBODY, "It was them.", "once more", lock_key)

    assert (store.customer(SOMEBODY).lock_reason, store.effect("once more")) == ("case-c: takeover", None)


def test_unlock_must_name_one_of_several_locks(store: CustomerStore) -> None:
    store.lock_account(SOMEBODY, "case-a: takeover", "lock a")
    store.lock_account(SOMEBODY, "case-b: takeover", "lock b")

    with pytest.raises(SeveralActiveLocks, match=r"under several keys \('lock a', 'lock b'\): nothing was changed"):
        store.unlock_account(SOMEBODY, "It was them.", "unlock")

    assert (store.customer(SOMEBODY).lock_reason, store.effect("unlock")) == ("case-a: takeover", None)


def test_a_repeated_unlocking_returns_the_first_result(store: CustomerStore) -> None:
    store.lock_account(SOMEBODY, "case-a: takeover", "lock a")
    store.lock_account(SOMEBODY, "case-b: takeover", "lock b")
    first = store.unlock_account(SOMEBODY, "It was them.", "unlock", "lock a")

    again = store.unlock_account(SOMEBODY, "It was them.", "unlock", "lock a")

    assert again == first.model_copy(update={"replayed": True})
    with pytest.raises(IdempotencyKeyReused):
        store.unlock_account(SOMEBODY, "It was them.", "unlock", "lock b")
    assert store.customer(SOMEBODY).lock_reason == "case-b: takeover"


def test_locks_reversed_at_once_leave_none_behind(store: CustomerStore) -> None:
    for number in range(CALLERS):
        store.lock_account(SOMEBODY, f"case-{number}: takeover", f"lock {number}")

    def reverse(number: int) -> int:
        return len(store.unlock_account(SOMEBODY, "No.", f"unlock {number}", f"lock {number}").still_locked_by)

    with ThreadPoolExecutor(CALLERS) as callers:
        left = sorted(callers.map(reverse, range(CALLERS)))

    assert left == list(range(CALLERS))
    assert store.customer(SOMEBODY).status == "active"


REUSES: dict[str, Callable[[CustomerStore], object]] = {
    "other reason": lambda store: store.lock_account(SOMEBODY, "Another reason.", "key"),
    "other customer": lambda store: store.lock_account(SOMEBODY_ELSE, "Reason.", "key"),
    "other action": lambda store: store.unlock_account(SOMEBODY, "Reason.", "key"),
}


@pytest.mark.parametrize("reuse", REUSES)
def test_a_key_cannot_be_used_for_something_else(store: CustomerStore, reuse: str) -> None:
    store.lock_account(SOMEBODY, "Reason.", "key")

    with pytest.raises(IdempotencyKeyReused, match=r"^The idempotency key 'key' was already used for lock_account"):
        REUSES[reuse](store)

    assert store.customer(SOMEBODY).lock_reason == "Reason."
    assert store.customer(SOMEBODY_ELSE).status == "active"


def test_an_unused_key_has_no_effect_row(store: CustomerStore) -> None:
    assert store.effect("never used") is None
