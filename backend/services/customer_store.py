"""Asks the customer store what an action would do: by one read tool of the tool server, without the right to write."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import httpx
from pydantic import ValidationError

from backend.services.errors import PreviewUnavailable
from contracts.preview import EffectPreview

TOOL = "preview_effects"
TIMEOUT_S = 5.0
"""A person waits for it, and can approve without it."""

NOT_CONFIGURED = "this backend has no MCP_SERVER_URI"
NOT_REACHED = "it could not be reached"
NOT_READ = "its answer could not be read"


class CustomerStoreReader(Protocol):
    """What a backend may ask the customer store."""

    async def preview(
        self, customer_id: int, *, lock: bool, charge_ids: Sequence[str], amounts: Mapping[str, int]
    ) -> EffectPreview:
        """What would be done now. Raises PreviewUnavailable."""
        ...


class McpPreview:
    """One call of `preview_effects` over Streamable HTTP. It knows no other tool, and holds no token."""

    def __init__(self, url: str | None) -> None:
        self._url = url

    async def preview(
        self, customer_id: int, *, lock: bool, charge_ids: Sequence[str], amounts: Mapping[str, int]
    ) -> EffectPreview:
        """What would be done now. Raises PreviewUnavailable."""
        arguments = {"customer_id": customer_id, "lock": lock, "charge_ids": [*charge_ids], "amounts": {**amounts}}
        try:
            return EffectPreview.model_validate(await self._call(arguments))
        except httpx.HTTPError:
            raise PreviewUnavailable(NOT_REACHED) from None
        except (ValidationError, ValueError, KeyError, TypeError, AttributeError):
            raise PreviewUnavailable(NOT_READ) from None

    async def _call(self, arguments: Mapping[str, Any]) -> Any:
        if self._url is None:
            raise PreviewUnavailable(NOT_CONFIGURED)
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": TOOL, "arguments": arguments}}
        accepts = {"Accept": "application/json, text/event-stream"}
        async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
            response = await client.post(self._url, json=call, headers=accepts)
            response.raise_for_status()
        result = _message(response)["result"]
        if result.get("isError"):
            raise PreviewUnavailable(NOT_READ)
        return result["structuredContent"]


def _message(response: httpx.Response) -> Any:
    """The answer, also where it is the last event of a stream."""
    if "text/event-stream" not in response.headers.get("content-type", ""):
        return response.json()
    data = [line for line in response.text.splitlines() if line.startswith("data:")]
    return json.loads(data[-1].removeprefix("data:"))
