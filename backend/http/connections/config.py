"""How the backend's servers are configured, before and after the casebook is there."""

import logging

import uvicorn
from starlette.types import ASGIApp

from backend.http.connections.limits import ConnectionLimits
from backend.http.connections.protocol import limited_protocol
from backend.http.connections.sockets import limited_socket
from backend.http.site import LOOPBACK, Site

MAX_FRAME_BYTES = 64 * 1024
"""Sockets only push: what clients send is not read."""


def server_config(app: ASGIApp, limits: ConnectionLimits, stop_timeout_s: int, site: Site = LOOPBACK) -> uvicorn.Config:
    """uvicorn's configuration: these limits, lines of the log as this process writes them, no word about itself."""
    return uvicorn.Config(
        app,
        http=limited_protocol(limits, site.headers),
        ws=limited_socket(limits, site.headers),
        timeout_keep_alive=limits.idle_s,
        timeout_graceful_shutdown=stop_timeout_s,
        ws_max_size=MAX_FRAME_BYTES,
        access_log=False,
        log_config=None,
        log_level=logging.WARNING,
        server_header=False,
        proxy_headers=False,
    )
