"""Serving over HTTP: bind first, announce, serve until SIGTERM or SIGINT, leave quickly."""

import ipaddress
import logging
import signal
import socket

import uvicorn
from fastmcp import FastMCP

from mcp_server.server import MCP_PATH

logger = logging.getLogger(__name__)

GRACE_S = 2
"""How long open requests may take to finish after SIGTERM."""


class CannotListen(Exception):
    """The address cannot be listened on; the message is one sentence that says how to mend it."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server on `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any free one. Raises `CannotListen`."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        raise CannotListen(
            f"Cannot listen on {host} port {port} ({error.strerror or error}): "
            "stop what uses it, or set MCP_HOST and MCP_PORT to a free address."
        ) from error


def serve(server: FastMCP, listener: socket.socket) -> None:
    """Serve Streamable HTTP on `listener` until SIGTERM or SIGINT; returns when everything is closed."""
    host, port = listener.getsockname()[:2]
    app = server.http_app(
        path=MCP_PATH,
        stateless_http=True,
        json_response=True,
        # A page in a browser must not reach a server on loopback through a host name of its own.
        host_origin_protection="auto" if is_loopback(host) else False,
    )
    config = uvicorn.Config(
        app, timeout_graceful_shutdown=GRACE_S, lifespan="on", log_config=None, access_log=False, ws="none"
    )
    # uvicorn hands the signal on once it has stopped; without a handler that would end the process with an error.
    for stop_signal in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop_signal, lambda _number, _frame: None)
    _log_plainly()
    shown_host = f"[{host}]" if ":" in host else host
    logger.info("Customer tools on http://%s:%d%s", shown_host, port, MCP_PATH)
    uvicorn.Server(config).run(sockets=[listener])


def _log_plainly() -> None:
    """Send FastMCP's log where all other lines go, in the same form: it brings a console of its own."""
    fastmcp_logger = logging.getLogger("fastmcp")
    fastmcp_logger.handlers.clear()
    fastmcp_logger.propagate = True
