"""A real MCP server whose tools can be slow, faulty, and away."""

import threading

import uvicorn
from fastmcp import FastMCP
from fastmcp.exceptions import ToolError
from fastmcp.server.dependencies import get_http_headers
from mcp_types import ToolAnnotations

from tests.support.ports import free_port

READS = ToolAnnotations(read_only_hint=True)
WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=True)


class ToolServer:
    """An MCP server on a port of its own that can be stopped and started again."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/mcp"
        self.release = threading.Event()
        self.calls: list[str] = []
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        app = self._tools().http_app(path="/mcp", stateless_http=False)
        config = uvicorn.Config(
            app, host="127.0.0.1", port=self.port, log_config=None, timeout_graceful_shutdown=1, ws="none"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        pause = threading.Event()
        while not self._server.started:
            assert self._thread.is_alive(), "the tool server did not start"
            pause.wait(0.02)

    def stop(self) -> None:
        self.release.set()
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(60)
            self._server = self._thread = None
        self.release = threading.Event()

    def _tools(self) -> FastMCP:
        server = FastMCP("tools")

        def get_customer(customer_id: int) -> dict[str, object]:
            """A customer."""
            self.calls.append("get_customer")
            if customer_id == 404:
                raise ToolError("Customer 404 is not in the customer store.")
            if customer_id == 500:
                raise ValueError("secret detail")
            if customer_id == 503:
                raise ToolError("The customer store is not available (locked): try again.")
            return {"customer_id": customer_id, "name": "Ada"}

        def get_slow(customer_id: int) -> dict[str, object]:
            """Answers when it is let."""
            self.release.wait(60)
            return {"customer_id": customer_id}

        def lock_account(customer_id: int, reason: str, idempotency_key: str) -> dict[str, object]:
            """Lock."""
            if get_http_headers(include={"authorization"}).get("authorization") != "Bearer write":
                raise ToolError("lock_account changes a customer's account and this caller may only read.")
            if customer_id == 503:
                raise ToolError("The customer store is not available (locked): try again.")
            if customer_id == 500:
                raise ValueError("secret detail")
            self.calls.append("lock_account")
            return {"customer_id": customer_id, "key": idempotency_key, "reason": reason}

        def refund_charges(
            customer_id: int, charge_ids: list[str], reason: str, idempotency_key: str
        ) -> dict[str, object]:
            """Refund."""
            return {"customer_id": customer_id, "refunded": charge_ids, "key": idempotency_key, "reason": reason}

        def get_unmarked(customer_id: int) -> dict[str, object]:
            """Says nothing about what it does."""
            return {"customer_id": customer_id}

        server.tool(get_customer, annotations=READS)
        server.tool(get_slow, annotations=READS)
        server.tool(lock_account, annotations=WRITES)
        server.tool(refund_charges, annotations=WRITES)
        server.tool(get_unmarked)
        return server
