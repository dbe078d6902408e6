"""A grant allows one call and nothing else: each argument that is another one is refused."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from contracts.grants import GRANT_LIFE_S
from contracts.money import Money
from contracts.write_calls import WriteCall, effect_call, reversal_call
from mcp_server.access.grants import GrantRefused, SignedGrants
from runtime.signatures import PrivateKey, read_public_keys
from tests.support.tool_access import signed_grant

KEY, SUCCESSOR, FOREIGN = PrivateKey.new(), PrivateKey.new(), PrivateKey.new()
LOCK = effect_call("lock_account", customer_id=12, key="case-1:lock_account:12", reason="case-1: approved by ana")
REFUND = effect_call(
    "refund_charges",
    customer_id=12,
    key="case-1:refund_charges:12",
    reason="case-1: approved by ana",
    charge_ids=("ch-1", "ch-2"),
    expected_total=(Money(amount_minor=1_500, currency="EUR"),),
    amounts={"ch-1": 1_000, "ch-2": 500},
)
UNLOCK = reversal_call(
    "unlock_account", customer_id=12, undoes="case-1:lock_account:12", key="case-1:unlock_account:12:1", reason="told"
)
CALLS = {"lock": LOCK, "refund": REFUND, "unlock": UNLOCK}


def judge(*keys: PrivateKey, now: Callable[[], float] = time.time) -> SignedGrants:
    return SignedGrants(read_public_keys(json.dumps({"keys": [key.public for key in keys or (KEY,)]})), now)


def refusal(grant: object, call: WriteCall = LOCK, **changes: Any) -> str:
    with pytest.raises(GrantRefused) as refused:
        judge().check(grant, call.tool, call.arguments | changes)
    return str(refused.value)


def granted(of: WriteCall = LOCK, key: PrivateKey = KEY, **claims: Any) -> str:
    return signed_grant(key, of.tool, of.arguments, **claims)


@pytest.mark.parametrize("name", CALLS)
def test_the_call_that_was_approved_is_allowed(name: str) -> None:
    call = CALLS[name]

    judge().check(granted(call), call.tool, call.arguments)
    judge(SUCCESSOR, KEY).check(granted(call), call.tool, call.arguments)


OTHERS: Mapping[str, tuple[WriteCall, Mapping[str, Any]]] = {
    "another customer": (LOCK, {"customer_id": 13}),
    "a customer as a number with a point": (LOCK, {"customer_id": 12.0}),
    "a customer as text": (LOCK, {"customer_id": "12"}),
    "another reason": (LOCK, {"reason": "case-1: approved by eve"}),
    "another key": (LOCK, {"idempotency_key": "case-2:lock_account:12"}),
    "another argument beside": (LOCK, {"force": True}),
    "another charge": (REFUND, {"charge_ids": ["ch-1", "ch-3"]}),
    "one charge more": (REFUND, {"charge_ids": ["ch-1", "ch-2", "ch-3"]}),
    "another amount": (REFUND, {"amounts": {"ch-1": 1_001, "ch-2": 500}}),
    "no amounts": (REFUND, {"amounts": None}),
    "another total": (REFUND, {"expected_total": [{"amount_minor": 1_501, "currency": "EUR"}]}),
    "another currency": (REFUND, {"expected_total": [{"amount_minor": 1_500, "currency": "USD"}]}),
    "another lock": (UNLOCK, {"lock_key": "case-2:lock_account:12"}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_every_other_call_is_refused(name: str) -> None:
    call, changes = OTHERS[name]

    assert refusal(granted(call), call, **changes) == "it allows another call than this one"


def test_a_grant_is_of_one_tool() -> None:
    with pytest.raises(GrantRefused, match="it allows another call than this one"):
        judge().check(granted(), "unlock_account", LOCK.arguments)


@pytest.mark.parametrize("left_out", ["expected_total", "amounts"])
def test_what_was_approved_cannot_be_left_out(left_out: str) -> None:
    fewer = {name: value for name, value in REFUND.arguments.items() if name != left_out}
    with pytest.raises(GrantRefused, match="it allows another call than this one"):
        judge().check(granted(REFUND), REFUND.tool, fewer)


NONE = "it has none: nobody has approved it, or the backend has not signed it yet"
OTHER = "it allows another call than this one"
BAD: Mapping[str, tuple[object, str]] = {
    "none": (None, NONE),
    "empty": ("", NONE),
    "a list": (["grant"], NONE),
    "no token": ("hunter2", "it is no signed JSON Web Token"),
    "another's key": (granted(key=FOREIGN), "the key that signed it is not known here"),
    "a caller's": (granted(iss="worker"), "somebody else issued it"),
    "for another": (granted(aud="desk"), "it is for somebody else"),
    "without end": (granted(exp=None), "it does not say 'exp'"),
    "of the future": (granted(iat=int(time.time()) + 9_000, nbf=None), "it was issued in the future"),
    "not yet": (granted(nbf=int(time.time()) + 9_000), "it is not valid yet"),
    "too long": (granted(exp=int(time.time()) + 2 * GRANT_LIFE_S), "it is valid for longer than such a token may be"),
    "of another key": (granted(jti="case-2:lock_account:12"), OTHER),
    "of no key": (granted(jti=None), OTHER),
    "of no call": (granted(call=None), OTHER),
    "of a word": (granted(call="lock_account"), OTHER),
}


@pytest.mark.parametrize("name", BAD)
def test_a_grant_that_proves_nothing_is_refused(name: str) -> None:
    grant, why = BAD[name]

    assert refusal(grant) == why


def test_a_grant_expires() -> None:
    grant = granted()
    with pytest.raises(GrantRefused, match="it has expired"):
        judge(now=lambda: time.time() + GRANT_LIFE_S + 600).check(grant, LOCK.tool, LOCK.arguments)
