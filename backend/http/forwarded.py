"""Where a request comes from that a trusted proxy passed on."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

_PEER = "casewright.peer"


class Forwarded:
    """uvicorn's middleware, which takes any word for an address: what is none leaves the proxy's own."""

    def __init__(self, app: ASGIApp, proxies: Iterable[IPv4Network | IPv6Network]) -> None:
        self._app = app
        names = [str(network) for network in proxies]
        self._believing = ProxyHeadersMiddleware(self._checked, names)  # pyright: ignore uvicorn's words for ASGI

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say in the scope whose request it is, and pass on."""
        scope[_PEER] = scope.get("client")
        await self._believing(scope, receive, send)  # pyright: ignore uvicorn's words for ASGI

    async def _checked(self, scope: Scope, receive: Receive, send: Send) -> None:
        peer = scope.pop(_PEER)
        if peer is not None and not _is_address(scope["client"][0]):
            scope["client"] = peer
        await self._app(scope, receive, send)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
