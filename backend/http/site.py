"""By which names this desk is called, from which pages it is used, and behind which proxies it stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from runtime.host_header import LOOPBACK_NAMES

HSTS = "max-age=63072000"
"""Two years, of this host: what else is below its name is not this desk's to decide."""


@dataclass(frozen=True)
class Site:
    """What the settings say of the place that a desk is used at."""

    names: frozenset[str] = LOOPBACK_NAMES
    public_origin: str | None = None
    allowed_origins: frozenset[str] = frozenset()
    """Others, whose pages may use this backend as its own do."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()

    def is_own(self, origin: str, host: str) -> bool:
        """Whether a page of this origin is one of this desk, or may act as one."""
        if origin in self.allowed_origins:
            return True
        if self.public_origin is not None:
            return origin == self.public_origin
        return origin in (f"http://{host}", f"https://{host}")

    @property
    def headers(self) -> Mapping[str, str]:
        """What every answer says besides."""
        is_secure = self.public_origin is not None and self.public_origin.startswith("https://")
        return {"Strict-Transport-Security": HSTS} if is_secure else {}


LOOPBACK = Site()
"""A desk that only this machine uses."""
