"""Asks the customer store who exists, and what an action would do: by read tools, without the right to act."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeVar

import httpx
from azure.core.exceptions import AzureError
from pydantic import BaseModel, ValidationError

from backend.services.errors import CustomerStoreUnavailable, PreviewUnavailable
from contracts.preview import EffectPreview

ReadTool = Literal["preview_effects", "search_customers"]
TIMEOUT_S = 5.0
"""A person waits for it, and can approve without it."""

AnswerT = TypeVar("AnswerT", bound=BaseModel)

NOT_CONFIGURED = "this backend has no MCP_SERVER_URI"
NOT_REACHED = "it could not be reached"
NOT_READ = "its answer could not be read"
NOT_ITS_NAME = "it is not called by that name: add the name to its MCP_ALLOWED_HOSTS, or correct MCP_SERVER_URI"
TOO_OFTEN = "it is asked more often than MCP_CALLS_PER_MINUTE allows: try again later"
NO_IDENTITY = "this backend has no token for it: its managed identity gives none for MCP_AUDIENCE"
NOT_ALLOWED = "it refuses this backend: give the backend a MCP_CALLER_KEY that it knows"
_REFUSED = {401: NOT_ALLOWED, 403: NOT_ALLOWED, 421: NOT_ITS_NAME, 429: TOO_OFTEN}


log = logging.getLogger("casewright.customer_store")


class CustomerStoreReader(Protocol):
    """What a backend may ask the customer store."""

    async def preview(
        self, customer_id: int, *, lock: bool, charge_ids: Sequence[str], amounts: Mapping[str, int]
    ) -> EffectPreview:
        """What would be done now. Raises PreviewUnavailable."""
        ...

    async def has_customer(self, customer_id: int) -> bool:
        """Whether there is a customer of this number. Raises CustomerStoreUnavailable."""
        ...


TokenFor = Callable[[], Awaitable[str]]
"""Gives a token that is valid now."""


class McpCustomerReader:
    """Single calls of read tools over Streamable HTTP, with tokens that have the scope `read` only."""

    def __init__(self, url: str | None, token: TokenFor | None = None) -> None:
        self._url = url
        self._token = token
        # Making one takes a while in which nothing else is done; where nothing is encrypted there is none.
        self._certificates = httpx.create_ssl_context() if (url or "").lower().startswith("https:") else False

    async def preview(
        self, customer_id: int, *, lock: bool, charge_ids: Sequence[str], amounts: Mapping[str, int]
    ) -> EffectPreview:
        """What would be done now. Raises PreviewUnavailable."""
        if self._url is None:
            raise PreviewUnavailable(NOT_CONFIGURED)
        arguments = {"customer_id": customer_id, "lock": lock, "charge_ids": [*charge_ids], "amounts": {**amounts}}
        try:
            return await self._call("preview_effects", arguments, EffectPreview)
        except _NotAnswered as why:
            raise PreviewUnavailable(str(why)) from None

    async def has_customer(self, customer_id: int) -> bool:
        """Whether there is a customer of this number. Raises CustomerStoreUnavailable."""
        try:
            found = await self._call("search_customers", {"query": str(customer_id)}, _Matches)
        except _NotAnswered as why:
            raise CustomerStoreUnavailable(customer_id, str(why)) from None
        return any(each.customer_id == customer_id for each in found.customers)

    async def _call(self, tool: ReadTool, arguments: Mapping[str, Any], answer: type[AnswerT]) -> AnswerT:
        """What a tool answers. Raises _NotAnswered."""
        if self._url is None:
            raise _NotAnswered(NOT_CONFIGURED)
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
        headers = {"Accept": "application/json, text/event-stream"}
        try:
            if self._token is not None:
                headers["Authorization"] = f"Bearer {await self._token()}"
            async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False, verify=self._certificates) as client:
                response = await client.post(self._url, json=call, headers=headers)
            if response.status_code in _REFUSED:
                raise _NotAnswered(_REFUSED[response.status_code])
            response.raise_for_status()
            result = _message(response)["result"]
            if result.get("isError"):
                raise _NotAnswered(NOT_READ)
            return answer.model_validate(result["structuredContent"])
        except AzureError as error:
            log.warning("No token for the tool server: the managed identity gives none (%s).", type(error).__name__)
            raise _NotAnswered(NO_IDENTITY) from None
        except httpx.HTTPError:
            raise _NotAnswered(NOT_REACHED) from None
        except (ValidationError, ValueError, KeyError, TypeError, AttributeError):
            raise _NotAnswered(NOT_READ) from None


class _NotAnswered(Exception):
    """Why the tool server did not answer, as a clause."""


class _Match(BaseModel):
    customer_id: int


class _Matches(BaseModel):
    customers: tuple[_Match, ...]


def _message(response: httpx.Response) -> Any:
    """The answer, also where it is the last event of a stream."""
    if "text/event-stream" not in response.headers.get("content-type", ""):
        return response.json()
    data = [line for line in response.text.splitlines() if line.startswith("data:")]
    return json.loads(data[-1].removeprefix("data:"))
