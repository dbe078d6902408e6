"""What providers say of their limits is read where it is well-formed, and ignored where it is not."""

import pytest

from worker.adapters.rate_headers import RateHeaders, duration_s, read_rate_headers


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("20ms", 0.02),
        ("8.64s", 8.64),
        ("1h2m3.5s", 3_723.5),
        ("2d", 172_800.0),
        (" 12 ", 12.0),
        ("0", 0.0),
        ("1m30ms", 60.03),
    ],
)
def test_duration_is_read(said: str, seconds: float) -> None:
    assert duration_s(said) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "said",
    [
        None,
        "",
        "soon",
        "-1s",
        "-1",
        "1 s",
        "s",
        "1e3s",
        "nan",
        "inf",
        "9" * 30,
        "1s" * 60,
        "²s",
        "2026-11-29T21:00:00Z",
    ],
)
def test_malformed_duration_is_none(said: str | None) -> None:
    assert duration_s(said) is None


def test_openai_s_headers_are_read() -> None:
    headers = {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-limit-tokens": "150000",
    }
    assert read_rate_headers(headers) == RateHeaders(60, 59, 1.0)


@pytest.mark.parametrize("said", ["0", "-1", "sixty", "6.5", "60, 120", "", "99999999", "1" * 400, "\uff16\uff10"])
def test_malformed_limit_is_none(said: str) -> None:
    assert read_rate_headers({"x-ratelimit-limit-requests": said}).limit is None
