"""What tool servers answer a call, and the calls that the tests make."""

import json
from collections.abc import AsyncGenerator
from typing import Any

from starlette.responses import JSONResponse, Response, StreamingResponse

from tests.unit.worker.support.mcp_peer import Answer
from worker.adapters.mcp_actions import McpActionGateway
from worker.adapters.mcp_tools import McpToolBox
from worker.ports.tools import ToolInvocation, ToolOutcome

KEY = "case-1:lock_account:7"


def read(box: McpToolBox, *cases: str) -> tuple[ToolOutcome, ...]:
    return box.invoke([ToolInvocation(tool="get_customer", arguments={"case": case}) for case in cases], 60)


def lock(gateway: McpActionGateway) -> dict[str, Any]:
    return dict(gateway.perform("lock_account", customer_id=7, key=KEY, reason="case-1: approved by ana"))


def says(status: int, body: object, kind: str = "application/json") -> Answer:
    async def answer(_call: dict[str, Any]) -> Response:
        text = body if isinstance(body, str) else json.dumps(body)
        return Response(text, status_code=status, media_type=kind)

    return answer


def refuses(status: int, code: int, message: str, call_id: object = "server-error") -> Answer:
    return says(status, {"jsonrpc": "2.0", "id": call_id, "error": {"code": code, "message": message}})


def fails(code: object, message: object = "boom") -> Answer:
    async def answer(call: dict[str, Any]) -> Response:
        return JSONResponse({"jsonrpc": "2.0", "id": call["id"], "error": {"code": code, "message": message}})

    return answer


def streams(*events: str) -> Answer:
    async def answer(call: dict[str, Any]) -> Response:
        async def body() -> AsyncGenerator[str]:
            for event in events:
                yield event.replace("ID", json.dumps(call["id"]))

        return StreamingResponse(body(), media_type="text/event-stream")

    return answer
