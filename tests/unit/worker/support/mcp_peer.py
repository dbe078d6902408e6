"""Tool servers whose every answer is written by the test: sessions, pages, and what comes of a call."""

import asyncio
import itertools
import json
import socket
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

Answer = Callable[[dict[str, Any]], Awaitable[Response]]
"""What answers a call, given its JSON-RPC request."""

READ = {"name": "get_customer", "inputSchema": {"type": "object"}, "annotations": {"readOnlyHint": True}}


def result(call: dict[str, Any], **result: object) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": call["id"], "result": result}


def error(call: dict[str, Any], code: int, message: str, data: object = None) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": call["id"], "error": {"code": code, "message": message, "data": data}}


async def fine(call: dict[str, Any]) -> Response:
    """The arguments of the call, as its structured result."""
    return JSONResponse(result(call, content=[], structuredContent=call["params"]["arguments"], isError=False))


async def undiscovered(call: dict[str, Any]) -> Response:
    """As servers answer that speak earlier versions."""
    return JSONResponse(error(call, -32601, "Method not found"))


class McpPeer:
    """Speaks Streamable HTTP with sessions, under an address of its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.version = "2025-06-18"
        self.pages: Sequence[tuple[Sequence[object], str | None]] = [([READ], None)]
        """Tools and the cursor that each page gives; a cursor is the number of a page."""
        self.answers: dict[str, Answer] = {}
        """By the `case` among a call's arguments; without one, `fine`."""
        self.lost: Answer | None = None
        """How it says that it does not know a session."""
        self.refusal_of_all: Answer | None = None
        """What it answers to everybody, if it lets nobody in."""
        self.discovered: Answer = undiscovered
        """How it answers the question for its versions."""
        self.notice: str | None = None
        """What it says to those who listen, once it is let."""
        self.authorizations: set[str] = set()
        self.sessions: set[str] = set()
        self.opened = 0
        self.calls: list[tuple[str, dict[str, Any]]] = []
        """The sessions and arguments of calls that were carried out."""
        self.listed = 0
        self._release = asyncio.Event()
        self._arrived = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def answer(self, request: Request) -> Response:
        if request.method == "DELETE":
            return Response(status_code=200)
        return await (self._listen() if request.method == "GET" else self._post(request))

    async def held(self, call: dict[str, Any]) -> Response:
        """Answers when it is let."""
        self._loop = asyncio.get_running_loop()
        self._arrived.set()
        await self._release.wait()
        return await fine(call)

    def wait_until_held(self) -> None:
        assert self._arrived.wait(60), "no call arrived"

    def release(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._release.set)

    async def _listen(self) -> Response:
        """What the server says on its own: one notice, once it is let, if it has any to give."""
        if self.notice is None:
            return Response(status_code=405)

        async def notices() -> AsyncGenerator[str]:
            self._loop = asyncio.get_running_loop()
            self._arrived.set()
            await self._release.wait()
            yield f"data: {self.notice}\n\n"

        return StreamingResponse(notices(), media_type="text/event-stream")

    async def _post(self, request: Request) -> Response:
        self.authorizations.add(request.headers.get("authorization", ""))
        call = json.loads(await request.body())
        method = call["method"]
        if self.refusal_of_all is not None:
            return await self.refusal_of_all(call)
        if method == "server/discover":
            return await self.discovered(call)
        if method == "initialize":
            return self._initialized(call)
        session = request.headers.get("mcp-session-id", "")
        if session not in self.sessions and self.lost is not None:
            return await self.lost(call)
        if "id" not in call:
            return Response(status_code=202)
        return self._page(call) if method == "tools/list" else await self._call(session, call)

    def _initialized(self, call: dict[str, Any]) -> Response:
        self.opened += 1
        self.sessions.add(f"s-{self.opened}")
        server = {"name": "peer", "version": "1"}
        answer = result(call, protocolVersion=self.version, capabilities={"tools": {}}, serverInfo=server)
        return JSONResponse(answer, headers={"mcp-session-id": f"s-{self.opened}"})

    def _page(self, call: dict[str, Any]) -> Response:
        self.listed += 1
        number = int(call.get("params", {}).get("cursor") or 0)
        tools, cursor = self.pages[number % len(self.pages)]
        return JSONResponse(result(call, tools=tools, **({"nextCursor": cursor} if cursor else {})))

    async def _call(self, session: str, call: dict[str, Any]) -> Response:
        arguments = call["params"]["arguments"]
        self.calls.append((session, arguments))
        return await self.answers.get(str(arguments.get("case")), fine)(call)


class McpPeers:
    """One real HTTP server, on a thread of its own, with an address for each peer: to start one takes longer than most
    tests of what a peer answers.
    """

    def __init__(self) -> None:
        self._peers: dict[str, McpPeer] = {}
        self._numbers = itertools.count(1)
        self._listener = socket.create_server(("127.0.0.1", 0))
        app = Starlette(routes=[Route("/{name}/mcp", self._answer, methods=["POST", "GET", "DELETE"])])
        self._server = uvicorn.Server(
            uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1, ws="none", lifespan="off")
        )
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listener]})

    def __enter__(self) -> "McpPeers":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(60)
        self._listener.close()

    @contextmanager
    def peer(self) -> Generator[McpPeer]:
        """One that nobody has asked yet; after the `with` block nothing is at its address."""
        name = f"peer-{next(self._numbers)}"
        peer = self._peers[name] = McpPeer(f"http://127.0.0.1:{self._listener.getsockname()[1]}/{name}/mcp")
        try:
            yield peer
        finally:
            peer.release()
            del self._peers[name]

    async def _answer(self, request: Request) -> Response:
        peer = self._peers.get(request.path_params["name"])
        return Response(status_code=404) if peer is None else await peer.answer(request)
