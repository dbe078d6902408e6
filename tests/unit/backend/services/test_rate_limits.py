from collections.abc import Callable

import pytest

from backend.auth.access import ROUTES
from backend.services.open_streams import OpenStreams, TooManyStreams
from backend.services.rate_limits import COSTLY, SIGN_INS, RateExceeded, RateLimits, network_of
from backend.services.token_buckets import Rate, TokenBuckets
from tests.unit.backend.support import Clock

ROUTE = "GET /api/cases"
NOTHING: frozenset[str] = frozenset()


def allowed(ask: Callable[[], object]) -> int:
    """How often in a row it is allowed."""
    count = 0
    while True:
        try:
            ask()
        except RateExceeded:
            return count
        count += 1


def test_bucket_allows_a_burst_and_then_its_rate() -> None:
    clock = Clock()
    buckets = TokenBuckets(Rate(60), clock)
    assert [buckets.take("a") for _ in range(20)] == [0.0] * 20
    assert buckets.take("a") == pytest.approx(1)
    assert buckets.take("b") == 0
    clock.now += 0.5
    assert buckets.take("a") == pytest.approx(0.5)
    clock.now += 0.5
    assert buckets.take("a") == 0
    assert buckets.take("a") > 0
    clock.now += 3_600
    assert [buckets.take("a") for _ in range(21)].count(0.0) == 20


def test_memory_is_bounded_and_the_oldest_goes_first() -> None:
    buckets = TokenBuckets(Rate(3), Clock(), most=100)
    assert buckets.take("kept") == 0
    for number in range(10_000):
        assert buckets.take(f"address-{number}") == 0
        if number == 50:
            assert buckets.take("address-50") > 0
    assert len(buckets) == 100
    assert buckets.take("kept") == 0


def test_each_kind_has_its_own_limit() -> None:
    clock = Clock()
    rates = RateLimits(600, clock)
    assert allowed(lambda: rates.request("ana", ROUTE, NOTHING)) == 200
    assert allowed(lambda: rates.request("maria", ROUTE, frozenset({"q"}))) == 40
    assert allowed(lambda: rates.request("sam", "POST /api/workflow/start", NOTHING)) == 40
    assert allowed(lambda: rates.sign_in("203.0.113.7")) == 100
    assert allowed(lambda: rates.wrong_credentials("203.0.113.7")) == 20
    assert rates.refused == {"requests": 1, "costly": 2, "sign_ins": 1, "credentials": 1}
    clock.now += 60
    assert allowed(lambda: rates.sign_in("203.0.113.7")) == 60


def test_company_behind_one_address_signs_in_at_once() -> None:
    rates = RateLimits(now=Clock())
    people, requests_each = 200, 2
    assert allowed(lambda: rates.sign_in("203.0.113.7")) >= people * requests_each
    # Who guesses there has no more of it.
    assert allowed(lambda: rates.wrong_credentials("203.0.113.7")) == 100


def test_refusal_says_when_to_come_again() -> None:
    rates = RateLimits(60, Clock())
    for _ in range(2):
        rates.wrong_credentials("203.0.113.7")
    with pytest.raises(RateExceeded) as refused:
        rates.wrong_credentials("203.0.113.7")
    assert (refused.value.status, refused.value.retry_after_s) == (429, 10)
    assert str(refused.value) == "Too much was asked for at once: ask again in 10 s."


def test_zero_limits_nothing() -> None:
    rates = RateLimits(0, Clock())
    for _ in range(10_000):
        rates.sign_in("203.0.113.7")
        rates.request("ana", ROUTE, frozenset({"q"}))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("testclient", "unknown"),
    ],
)
def test_an_address_counts_as_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


def test_limited_routes_are_routes() -> None:
    assert ROUTES.keys() >= COSTLY | SIGN_INS


def test_streams_of_a_session_are_counted() -> None:
    streams = OpenStreams(2)
    with streams.one("a"):
        with streams.one("a"):
            with pytest.raises(TooManyStreams), streams.one("a"):
                pass
            with streams.one("b"):
                pass
        with streams.one("a"):
            pass
