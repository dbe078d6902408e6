"""Which customers an address logs in as: spraying tries a few passwords at many of them."""

import re
from array import array
from functools import lru_cache
from ipaddress import IPv6Address

from backend.detection.state.packing import Packed, StateInvalid, floats, items, listed, number, text
from contracts.ip_addresses import address_in, is_public

VERSION = 1
"""Of what `packed` writes."""
WINDOW_S = 1_800.0
REPORTED_S = 86_400.0
"""After so long without a failed login an address of which an alert spoke is forgotten, all others after the window."""
MAX_CUSTOMERS = 32
"""Customers remembered of an address, on either side; of more it knows that they are many."""
_CACHED = 16_384
_PLAIN = frozenset(str(first) for first in range(1, 224)) - {"10", "100", "127", "169", "172", "192", "198", "203"}
"""First numbers of IPv4 networks that are public as a whole."""
_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_REST = re.compile(rf"{_BYTE}\.{_BYTE}\.{_BYTE}")


class AddressState:
    """Memory: the last time of at most 32 customers whose logins failed, and of 32 whose logins succeeded."""

    __slots__ = ("_failed", "_reported", "_succeeded", "newest")

    def __init__(self, t: float) -> None:
        self._failed = array("d")
        self._succeeded = array("d")
        self._reported: dict[str, float] | None = None
        self.newest = t
        """Time of the newest failed login."""

    def fail(self, customer_id: int, t: float) -> int:
        """Remember a failed login; returns the customers whose logins failed in the half hour before."""
        self.newest = max(self.newest, t)
        return _remember(self._failed, customer_id, t)

    def is_over(self, t: float) -> bool:
        """Whether nothing that is remembered counts any more at `t`."""
        return self.newest < t - (REPORTED_S if self._reported else WINDOW_S)

    def succeed(self, customer_id: int, t: float) -> None:
        """Remember a login."""
        _remember(self._succeeded, customer_id, t)

    def failing(self, t: float, but: int | None = None) -> int:
        """Customers with failed logins in the half hour before `t`, without the one named."""
        return _within(self._failed, t, but)

    def succeeding(self, t: float) -> int:
        """Customers with logins that succeeded in the half hour before `t`."""
        return _within(self._succeeded, t, None)

    def report(self, rule: str, t: float, quiet_s: float) -> bool:
        """Whether a rule has not spoken of the address for so long; remembered if so."""
        reported = self._reported = self._reported or {}
        last = reported.get(rule)
        if last is not None and -quiet_s < t - last < quiet_s:
            return False
        reported[rule] = t
        return True

    def packed(self) -> Packed:
        """As plain JSON."""
        reported: list[Packed] = [[rule, t] for rule, t in (self._reported or {}).items()]
        return [VERSION, listed(self._failed), listed(self._succeeded), reported]

    @classmethod
    def unpacked(cls, value: Packed) -> "AddressState":
        """From `packed`. Raises StateInvalid for anything else."""
        version = items(value)[:1]
        if version != [VERSION]:
            raise StateInvalid(
                f"its version is {version[0] if version else 'missing'}, and this release reads {VERSION}"
            )
        _, failed, succeeded, reported = items(value, 4)
        state = cls(0.0)
        state._failed.extend(floats(failed, multiple_of=2, at_most=2 * MAX_CUSTOMERS))
        state._succeeded.extend(floats(succeeded, multiple_of=2, at_most=2 * MAX_CUSTOMERS))
        state._reported = {text(rule): number(t) for rule, t in (items(each, 2) for each in items(reported))} or None
        state.newest = max(state._failed[1::2], default=state.newest)
        return state


def _remember(pairs: "array[float]", customer_id: int, t: float) -> int:
    """Customers and times, the one heard of last at the end."""
    for at in range(0, len(pairs), 2):
        if pairs[at] == customer_id:
            t = max(t, pairs[at + 1])
            del pairs[at : at + 2]
            break
    pairs.extend((float(customer_id), t))
    if len(pairs) > 2 * MAX_CUSTOMERS:
        del pairs[:2]
    return _within(pairs, t, None)


def _within(pairs: "array[float]", t: float, but: int | None) -> int:
    count = 0
    for at in range(0, len(pairs), 2):
        if -WINDOW_S < t - pairs[at + 1] < WINDOW_S and pairs[at] != but:
            count += 1
    return count


def public_address(text: str | None) -> str | None:
    """The address as it is compared: IPv4 inside IPv6 is IPv4, an IPv6 network is one address. None for one that is
    missing, private, of many, or no address: such a one says nothing about who is behind it."""
    if text is None:
        return None
    first, _, rest = text.partition(".")
    # Nearly all addresses are these, and there are more of them than can be kept.
    if first in _PLAIN and rest.count(".") == 2 and _REST.fullmatch(rest):
        return text
    return _compared(text)


@lru_cache(_CACHED)
def _compared(text: str) -> str | None:
    address = address_in(text)
    if address is None or not is_public(address):
        return None
    return str(IPv6Address(int(address) >> 64 << 64)) if isinstance(address, IPv6Address) else str(address)
