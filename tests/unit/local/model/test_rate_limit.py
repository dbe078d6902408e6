"""The limit of requests per minute of the local model."""

import httpx
import pytest

from local.model.errors import RateLimited
from local.model.rate_limit import RateLimit
from tests.unit.local.model.test_control import finished_case


class Clock:
    """A clock that the test moves."""

    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_sixth_of_the_limit_passes_in_ten_seconds() -> None:
    clock = Clock()
    limit = RateLimit(clock)
    assert [limit.take("a", 12)["x-ratelimit-remaining-requests"] for _ in range(2)] == ["11", "10"]
    with pytest.raises(RateLimited) as refused:
        limit.take("a", 12)
    assert refused.value.headers == {
        "x-ratelimit-limit-requests": "12",
        "x-ratelimit-remaining-requests": "10",
        "x-ratelimit-reset-requests": "60000ms",
        "Retry-After": "10.000",
    }
    assert limit.take("b", 12)
    clock.seconds += 10
    assert limit.take("a", 12)


def test_no_minute_takes_more_than_the_limit() -> None:
    clock = Clock()
    limit = RateLimit(clock)
    for _ in range(12):
        limit.take("a", 12)
        clock.seconds += 5
    clock.seconds -= 5
    with pytest.raises(RateLimited) as refused:
        limit.take("a", 12)
    assert refused.value.headers["Retry-After"] == "5.000"
    clock.seconds += 5
    assert limit.take("a", 12)["x-ratelimit-remaining-requests"] == "0"


def test_limit_is_asked_for_by_control(http: httpx.Client) -> None:
    assert "x-ratelimit-limit-requests" not in http.post("/v1/chat/completions", json=finished_case()).headers
    # This clock is the real one: with one request, a whole minute has no second.
    http.put("/control", json={"requests_per_minute": 1}).raise_for_status()
    taken = http.post("/v1/chat/completions", json=finished_case())
    assert (taken.status_code, taken.headers["x-ratelimit-remaining-requests"]) == (200, "0")
    refused = http.post("/v1/chat/completions", json=finished_case())
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "rate_limit_exceeded")
    assert 0 < float(refused.headers["Retry-After"]) <= 60
    assert http.get("/control/stats").json()["faults"]["over_limit"] >= 1
