"""`/api/spend`: what the language models cost."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from backend.api.dependencies import ServicesDep
from backend.http.problem import documented
from contracts.spend import SpendReport

router = APIRouter(prefix="/api", tags=["spend"])

DEFAULT_DAYS = 30

First = Annotated[
    date | None, Query(alias="from", description=f"The first UTC day; by default {DEFAULT_DAYS} days, `to` included")
]
Last = Annotated[date | None, Query(alias="to", description="The last UTC day; by default today")]


@router.get(
    "/spend",
    operation_id="read_spend",
    summary="Read what models cost",
    responses=documented(403, 422, 503),
)
async def read_spend(services: ServicesDep, first: First = None, last: Last = None) -> SpendReport:
    """Model calls, tokens and US dollars by day and by rule. Days and rules without a call are left out."""
    until = last or datetime.now(UTC).date()
    since = first or max(date.min + timedelta(days=DEFAULT_DAYS), until) - timedelta(days=DEFAULT_DAYS - 1)
    return await services.workspace.spend_report(since, until)
