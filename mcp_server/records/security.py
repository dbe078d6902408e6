"""The security log of an account."""

from typing import Literal

from contracts.base import Contract, UtcDateTime
from contracts.telemetry import CountryCode, CustomerId

SecurityEvent = Literal[
    "login",
    "login_failed",
    "password_reset",
    "mfa_reset",
    "email_changed",
    "sim_swap",
    "device_added",
    "account_unlocked",
]


class SecurityEntry(Contract):
    """One entry. `known_device` says whether the device was already the customer's at that moment."""

    entry_id: str
    at: UtcDateTime
    event: SecurityEvent
    ip: str
    country: CountryCode
    city: str | None
    device_id: str | None
    known_device: bool
    success: bool


class SecurityLogs(Contract):
    """Answer of `get_security_logs`, newest first."""

    customer_id: CustomerId
    as_of: UtcDateTime
    entries: tuple[SecurityEntry, ...]
