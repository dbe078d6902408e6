"""Many runs at once against a model with a limit of requests: none is refused, and all are answered."""

import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.support.alerts import foreign_login
from tests.support.stack import LocalStack

PER_MINUTE = 120
TAKEN_PER_MINUTE = PER_MINUTE + 10
"""What the model takes: it counts when calls arrive, and on a busy machine some arrive late and together."""
APART_S = 61 / PER_MINUTE
MESSAGES = 30


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Generator[LocalStack]:
    env = {"MODEL_REQUESTS_PER_MINUTE": str(PER_MINUTE), "CHAT_OPEN_TURNS": "100"}
    with LocalStack(tmp_path_factory.mktemp("limits"), "--no-simulator", env=env) as running:
        httpx.put(
            f"{running.model_url}/control", json={"requests_per_minute": TAKEN_PER_MINUTE}, timeout=60
        ).raise_for_status()
        yield running


def take_no_more_than(stack: LocalStack, per_minute: int) -> None:
    """Let the model refuse what is more than that."""
    control = {"requests_per_minute": per_minute}
    httpx.put(f"{stack.model_url}/control", json=control, timeout=60).raise_for_status()


def refused(stack: LocalStack) -> int:
    stats = httpx.get(f"{stack.model_url}/control/stats", timeout=60).json()
    return stats["faults"].get("over_limit", 0)


def say(stack: LocalStack, number: int) -> str:
    body = {"user_id": f"user-{number}", "text": "Hello"}
    answer = httpx.post(f"{stack.url}/api/chat", params={"wait": 120}, json=body, timeout=180)
    assert answer.status_code == 200, answer.text
    return answer.json()["reply"]


def say_at_once(stack: LocalStack, numbers: range) -> list[str]:
    with ThreadPoolExecutor(len(numbers)) as pool:
        said = [pool.submit(say, stack, number) for number in numbers]
        return [each.result() for each in said]


def test_turns_at_once_stay_within_the_limit(limited: LocalStack) -> None:
    before, started = limited.model_stats()["calls"], time.monotonic()
    replies = say_at_once(limited, range(MESSAGES))
    took_s, calls = time.monotonic() - started, limited.model_stats()["calls"] - before
    assert len(replies) == MESSAGES
    assert all(replies)
    assert refused(limited) == 0
    assert took_s >= (calls - 1) * APART_S
    assert any("Calls wait for casewright-rules-1" in line for line in limited.lines)


def test_investigations_share_the_limit_with_turns(limited: LocalStack) -> None:
    customer = limited.customer("account_takeover")
    cases = [limited.start_case(foreign_login(customer, alert_id=f"limit-{number}")) for number in range(3)]
    assert say(limited, 1_000)
    for case in cases:
        view = limited.wait_for_case(case, lambda view: view.state != "investigating")
        assert view.state == "awaiting_review"
    assert refused(limited) == 0


@pytest.mark.long
def test_limit_is_learned_from_what_the_provider_says(tmp_path: Path) -> None:
    with LocalStack(tmp_path, "--no-simulator") as stack:
        take_no_more_than(stack, PER_MINUTE)
        assert say(stack, 0)
        started = time.monotonic()
        assert all(say_at_once(stack, range(1, MESSAGES)))
        assert refused(stack) == 0
        assert time.monotonic() - started >= (MESSAGES - 4) * APART_S
        assert any("takes 120 requests per minute from here" in line for line in stack.lines)
