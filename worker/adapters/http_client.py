"""The HTTP client of models and tools."""

from collections.abc import Mapping

import httpx2

from worker.adapters.whole_answers import WholeAnswersClient

TIMEOUT = httpx2.Timeout(30.0, read=300.0)
"""Seconds that a step may take where no call says otherwise. Each call is bounded as a whole by its caller."""
CONNECTIONS = httpx2.Limits(max_connections=1_000, max_keepalive_connections=None, keepalive_expiry=4.0)
"""Idle connections are given up after less than the 5 seconds after which many servers close them: a request that meets
a connection on its way out is lost."""


def open_http(headers: Mapping[str, str] | None = None) -> httpx2.AsyncClient:
    """A client that connects when first used and belongs to that event loop; close it there.

    Its transport is aiohttp, which costs half the CPU of httpx2's own. Proxies are those of the environment.
    """
    return WholeAnswersClient(headers=dict(headers or {}), limits=CONNECTIONS, timeout=TIMEOUT)
