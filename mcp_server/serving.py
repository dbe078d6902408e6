"""Serves over HTTP until SIGTERM or SIGINT."""

import logging
import socket
from collections.abc import Callable

import fastmcp
import uvicorn
from fastmcp import FastMCP
from starlette.types import ASGIApp

from mcp_server.server import MCP_PATH
from runtime.listening import url_of
from runtime.log_lines import use_our_handler
from runtime.server import StoppableServer

logger = logging.getLogger(__name__)

GRACE_S = 2
"""How long open requests may take to finish after SIGTERM."""
KEEP_ALIVE_S = 30
"""How long an idle connection stays open: longer than clients do (5 to 15 s), lest it close under a request."""


def serve(server: FastMCP, listener: socket.socket, admit: Callable[[ASGIApp], ASGIApp]) -> None:
    """Serve Streamable HTTP on `listener` until SIGTERM or SIGINT; returns when everything is closed.

    `admit`: puts what every request must pass before the application.
    """
    app = server.http_app(
        path=MCP_PATH,
        stateless_http=True,
        json_response=True,
        # The gate is stricter: FastMCP's own lets pages of other ports of this machine in.
        host_origin_protection=False,
    )
    config = uvicorn.Config(
        admit(app),
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
        lifespan="on",
        log_config=None,
        access_log=False,
        ws="none",
    )
    # FastMCP brings a console of its own.
    use_our_handler("fastmcp")
    # This process exports no traces, and spans that nobody receives cost a tenth of a call.
    fastmcp.settings.telemetry_mode = "off"
    logger.info("Customer tools on %s%s", url_of(listener), MCP_PATH)
    StoppableServer(config).run(sockets=[listener])
