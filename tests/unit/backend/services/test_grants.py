"""What people approve is signed before it is delivered, and what is under way keeps a valid grant."""

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import SecretStr

from backend.executor import BlockingExecutor
from backend.services.grants import GrantKeeper, is_one_key
from backend.services.outbox_relay import OutboxRelay
from casebook.async_api import AsyncGrants
from casebook.commands.grants import GrantSigner
from casebook.grants_api import GrantsApi
from contracts.access import TOOLS_AUDIENCE
from contracts.grants import GRANT_ISSUER
from contracts.investigation import ReviewOpening
from runtime.signatures import PrivateKey, read_public_keys, verified
from tests.support.casebooks import CaseBook
from tests.unit.backend.fake_scheduler import FakeScheduler, instance_state
from tests.unit.backend.support import async_relay, case_in_review
from tests.unit.casebook.builders import MANAGER, a_decision, an_effect, carry_out, closing
from tests.unit.casebook.replies import an_answer, ask_about_reply

pytestmark = pytest.mark.anyio

KEY = PrivateKey.new()


class CountingGrants(AsyncGrants):
    """Notes for which cases it takes the write lock."""

    def __init__(self, grants: GrantsApi) -> None:
        super().__init__(grants, BlockingExecutor())
        self.judged: list[str] = []
        sign = self.sign

        async def noted(case_id: str, signer: GrantSigner) -> int:
            self.judged.append(case_id)
            return await sign(case_id, signer)

        self.sign = noted


def under_review(book: CaseBook, scheduler: FakeScheduler) -> ReviewOpening:
    opening = case_in_review(book)
    scheduler.instances[opening.case_id] = instance_state("awaiting_review", 2)
    return opening


def granting(book: CaseBook, scheduler: FakeScheduler, key: PrivateKey | None = KEY) -> OutboxRelay:
    keeper = GrantKeeper(AsyncGrants(GrantsApi(book.transactions), BlockingExecutor()), key)
    return OutboxRelay(async_relay(book), scheduler, grants=keeper)


def claims(book: CaseBook, effect: str) -> dict[str, Any]:
    """What the tool server reads in the grant of an effect."""
    text = book.grant_of(effect)
    assert text is not None
    keys = read_public_keys(json.dumps({"keys": [KEY.public]}))
    expects = {"iss": GRANT_ISSUER, "jti": effect}
    return verified(text, keys, audience=TOOLS_AUDIENCE, now=time.time, longest_s=24 * 3600, expects=expects)[1]


async def test_a_decision_is_granted_before_it_is_delivered(book: CaseBook, scheduler: FakeScheduler) -> None:
    opening = under_review(book, scheduler)
    book.accept_decision(a_decision(opening), MANAGER)

    await granting(book, scheduler).sweep()

    said = claims(book, an_effect(opening.case_id).key)
    assert (said["approval"], said["assessment_hash"]) == (opening.review.review_id, opening.review.assessment_hash)
    assert said["call"]["tool"] == "lock_account"
    assert said["call"]["arguments"]["customer_id"] == 1


async def test_what_was_under_way_before_the_upgrade_is_granted(book: CaseBook, scheduler: FakeScheduler) -> None:
    opening = under_review(book, scheduler)
    effect = an_effect(opening.case_id)
    book.accept_decision(a_decision(opening), MANAGER)
    await granting(book, scheduler, None).sweep()
    book.start_effect(opening.case_id, effect)
    assert book.undelivered_decisions() == []
    assert book.grant_of(effect.key) is None

    await granting(book, scheduler).sweep()

    assert claims(book, effect.key)["call"]["tool"] == "lock_account"


async def test_an_upgrade_grants_what_was_only_delivered(book: CaseBook, scheduler: FakeScheduler) -> None:
    opening = under_review(book, scheduler)
    book.accept_decision(a_decision(opening), MANAGER)
    await granting(book, scheduler, None).sweep()
    assert book.undelivered_decisions() == []

    await granting(book, scheduler).sweep()

    assert claims(book, an_effect(opening.case_id).key)["call"]["tool"] == "lock_account"


async def test_a_case_is_judged_once_for_one_change(book: CaseBook, scheduler: FakeScheduler) -> None:
    opening = under_review(book, scheduler)
    book.accept_decision(a_decision(opening), MANAGER)
    record = CountingGrants(GrantsApi(book.transactions))
    keeper = GrantKeeper(record, KEY)
    for _ in range(3):
        await keeper.sweep()
    assert record.judged == [opening.case_id]

    book.note_changed_facts(opening.case_id, 1, ["Somebody else has locked the account."])
    for _ in range(4):
        await keeper.sweep()

    # With a grant too many, and once more without.
    assert record.judged == [opening.case_id] * 3


async def test_an_approved_reversal_is_granted_before_it_starts(book: CaseBook, scheduler: FakeScheduler) -> None:
    opening = under_review(book, scheduler)
    case = opening.case_id
    book.accept_decision(a_decision(opening), MANAGER)
    carry_out(book, case)
    book.close_case(closing(case))
    asked = book.request_reversal(case, an_effect(case).key, "It was the customer.", subject="ana", roles=("analyst",))
    book.decide_reversal(case, 1, "approve", None, subject="maria", roles=MANAGER)

    await granting(book, scheduler).sweep()

    said = claims(book, f"{case}:unlock_account:1:1")
    assert said["approval"] == asked.reversal_id
    assert said["call"]["arguments"]["lock_key"] == asked.undoes


async def test_grant_that_is_too_long_waits_alone(
    book: CaseBook, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = (case_in_review(book, number) for number in (1, 2))
    for opening in (first, second):
        book.accept_decision(a_decision(opening), MANAGER)
    long, sign = an_effect(first.case_id).key, PrivateKey.sign

    def padded(key: PrivateKey, said: Mapping[str, Any]) -> str:
        return sign(key, {**said, "more": "x" * 250_000} if said["jti"] == long else said)

    monkeypatch.setattr(PrivateKey, "sign", padded)
    keeper = GrantKeeper(AsyncGrants(GrantsApi(book.transactions), BlockingExecutor()), KEY)
    for _ in range(3):
        await keeper.sweep()
    assert book.grant_of(long) is None
    assert claims(book, an_effect(second.case_id).key)["call"]["tool"] == "lock_account"
    (said,) = [line for line in caplog.messages if "granted" in line and long in line]
    assert said.startswith(f"The effect {long} is not granted, and waits: it would have 33")
    assert said.endswith("characters, and 262,144 are taken. Approve fewer charges at once.")


def test_the_key_of_grants_is_no_caller_s() -> None:
    own, other = SecretStr(KEY.pem), SecretStr(PrivateKey.new().pem)

    assert is_one_key(own, SecretStr(f"\n{KEY.pem}"))
    assert not is_one_key(own, other)
    assert not is_one_key(own, None)
    assert not is_one_key(None, None)


async def test_an_answer_without_effects_is_delivered_ungranted(book: CaseBook, scheduler: FakeScheduler) -> None:
    opening = under_review(book, scheduler)
    book.accept_decision(a_decision(opening, "reject"), MANAGER)
    book.accept_decision(an_answer(ask_about_reply(book)), MANAGER)

    await granting(book, scheduler).sweep()

    assert [decision.verdict for decision in scheduler.delivered] == ["reject"]
    assert book.grant_of(an_effect(opening.case_id).key) is None
