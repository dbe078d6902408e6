"""How much one caller may ask for: by address until it is known who it is, then by who it is."""

from collections import Counter
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from time import monotonic
from typing import Literal

from backend.services.errors import ServiceError
from backend.services.token_buckets import Rate, TokenBuckets

REQUESTS_PER_MINUTE = 3_000
"""A page that is loaded asks for about 30 things; somebody who reloads it once a second meets no limit."""
COSTLY_SHARE = 5
SIGN_INS_SHARE = 10
"""A company's people may all have one address."""
SIGN_INS_SAVED_S = 100
"""And begin to work at the same time: 200 people sign in with two requests each."""

What = Literal["requests", "costly", "sign_ins", "credentials"]

SIGN_INS = frozenset(
    {
        "POST /api/session",
        "POST /api/session/token",
        "GET /api/session/sign-in",
        "GET /api/session/callback",
    }
)
COSTLY = frozenset(
    {
        "GET /api/exports/cases",
        "GET /api/cases/{case_id}/export",
        "GET /api/cases/{case_id}/regulatory-report",
        "GET /api/cases/{case_id}/audit",
        "GET /api/cases/{case_id}/alerts/{alert_id}/drawings",
        "POST /api/cases/{case_id}/preview",
        "POST /api/cases/bulk/preview",
        "POST /api/detection/rules/{rule_id}/back-tests",
        "GET /api/detection/rules/{rule_id}/precision",
        "POST /api/workflow/start",
        "GET /api/analytics",
        "GET /api/analytics/{user_id}",
        "GET /analytics/{user_id}",
        "GET /api/security-log",
        "GET /api/accesses",
        "GET /api/desk-log",
    }
)
"""What reads or begins much."""
SEARCHED = frozenset({"q", "search"})
"""Parameters that make a list one of these."""


class RateExceeded(ServiceError):
    """Somebody asks for more than they may."""

    id = "too-many-requests"
    status = 429

    def __init__(self, what: What, wait_s: float) -> None:
        self.what: What = what
        self.retry_after_s = max(1, ceil(wait_s))
        super().__init__(f"Too much was asked for at once: ask again in {self.retry_after_s} s.")


class RateLimits:
    """Raises RateExceeded for what is too much. Of this process alone: so many replicas allow so many times as much."""

    def __init__(self, requests_per_minute: int = REQUESTS_PER_MINUTE, now: Callable[[], float] = monotonic) -> None:
        self.refused: Counter[What] = Counter()
        self._buckets: dict[What, TokenBuckets] = {}
        if requests_per_minute:
            costly, sign_ins = (max(1, requests_per_minute // share) for share in (COSTLY_SHARE, SIGN_INS_SHARE))
            rates: dict[What, Rate] = {
                "requests": Rate(requests_per_minute),
                "costly": Rate(costly),
                "sign_ins": Rate(sign_ins, SIGN_INS_SAVED_S),
                "credentials": Rate(sign_ins),
            }
            self._buckets = {what: TokenBuckets(rate, now) for what, rate in rates.items()}

    def sign_in(self, address: str) -> None:
        """Somebody begins or ends a sign-in, or asks for a token."""
        self._take("sign_ins", network_of(address))

    def wrong_credentials(self, address: str) -> None:
        """What was shown opens nothing."""
        self._take("credentials", network_of(address))

    def request(self, who: str, route: str, parameters: frozenset[str]) -> None:
        """Somebody asks for this; `who`: a subject, or the address of somebody who is not known."""
        if route in COSTLY or parameters & SEARCHED:
            self._take("costly", who)
        self._take("requests", who)

    def _take(self, what: What, key: str) -> None:
        buckets = self._buckets.get(what)
        wait_s = 0.0 if buckets is None else buckets.take(key)
        if wait_s:
            self.refused[what] += 1
            raise RateExceeded(what, wait_s)


def network_of(address: str) -> str:
    """Who an address counts as: of IPv6 the network that one customer of a provider has."""
    try:
        read = ip_address(address)
    except ValueError:
        return "unknown"
    if not isinstance(read, IPv6Address):
        return str(read)
    if read.ipv4_mapped is not None:
        return str(read.ipv4_mapped)
    return str(ip_network((int(read), 64), strict=False))
