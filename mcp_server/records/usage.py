"""Mobile data used per day."""

from datetime import date
from typing import Annotated

from pydantic import Field

from contracts.base import Contract
from contracts.telemetry import CountryCode, CustomerId


class UsageDay(Contract):
    """One UTC day. `roaming_country` is set when the data was used abroad."""

    day: date
    gb: Annotated[float, Field(ge=0)]
    roaming_country: CountryCode | None = None


class DataUsage(Contract):
    """Answer of `get_data_usage`, oldest day first; it ends with the last whole day."""

    customer_id: CustomerId
    days: tuple[UsageDay, ...]
    average_gb: float | None
    """Mean per day over `days`; null without any."""
    cap_gb: float | None
    """Allowance in any 30 days; null means unlimited or unknown."""
