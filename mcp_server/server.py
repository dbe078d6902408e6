"""The MCP server: all tools over one customer store, and the health check."""

from functools import partial

from fastmcp import FastMCP
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from contracts.release import VERSION
from mcp_server.store.customer_store import CustomerStore
from mcp_server.tools.argument_errors import ClearArgumentErrors
from mcp_server.tools.billing import BillingTools
from mcp_server.tools.customers import CustomerTools
from mcp_server.tools.direct_reads import DirectReadsServer
from mcp_server.tools.effects import EffectTools
from mcp_server.tools.knowledge import KnowledgeTools
from mcp_server.tools.orders import OrderTools
from mcp_server.tools.permissions import Access, Permissions
from mcp_server.tools.security import SecurityTools
from mcp_server.tools.subscriptions import SubscriptionTools
from mcp_server.tools.tickets import TicketTools
from mcp_server.tools.usage import UsageTools

MCP_PATH = "/mcp"


def build_server(store: CustomerStore, access: Access) -> FastMCP:
    """The server over `store`. `access`: who calls, and what was granted."""
    server = DirectReadsServer(
        may_read=partial(access.may, "read"),
        name="contoso-customers",
        version=VERSION,
        instructions="Records of Contoso's customers. Read tools change nothing; amounts are integer minor units.",
        middleware=[Permissions(access), ClearArgumentErrors()],
        mask_error_details=True,
    )
    for tools in (
        CustomerTools(store),
        SubscriptionTools(store),
        BillingTools(store),
        OrderTools(store),
        UsageTools(store),
        SecurityTools(store),
        TicketTools(store),
        KnowledgeTools(store),
        EffectTools(store),
    ):
        tools.register(server)

    # Otherwise each call over HTTP lists all tools first, which costs six times as much as the call.
    server._mcp_server.get_tool_input_schema = _no_argument_is_a_header  # pyright: ignore[reportPrivateUsage] - FastMCP has no option for it

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok", "as_of": store.as_of().isoformat()})

    server.custom_route("/healthz", methods=["GET"])(healthz)
    return server


def _no_argument_is_a_header(_tool: str) -> None:
    """The part of a tool's schema that its `Mcp-Param-*` headers are validated against: these tools have none."""
