"""The client loop, a real MCP server, and tool servers that answer as a test says."""

from collections.abc import Iterator

import pytest

from tests.support.tool_access import GivenToken
from tests.unit.worker.support.mcp_peer import McpPeer, McpPeers
from tests.unit.worker.support.tool_server import ToolServer
from worker.adapters.client_loop import ClientLoop
from worker.adapters.mcp_actions import McpActionGateway
from worker.adapters.mcp_session import McpSession
from worker.adapters.mcp_tools import McpToolBox


@pytest.fixture(autouse=True, scope="module")
def no_certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing here speaks TLS, and each client reads the machine's certificates: half of what most tests would cost."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SSL_CERT_FILE", raising=False)
        patch.setenv("SSL_CERT_DIR", str(tmp_path_factory.mktemp("no-certificates")))
        yield


@pytest.fixture
def loop() -> Iterator[ClientLoop]:
    with ClientLoop() as running:
        yield running


@pytest.fixture
def tool_server() -> Iterator[ToolServer]:
    server = ToolServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def peers() -> Iterator[McpPeers]:
    with McpPeers() as running:
        yield running


@pytest.fixture
def peer(peers: McpPeers) -> Iterator[McpPeer]:
    with peers.peer() as fresh:
        yield fresh


@pytest.fixture
def box(loop: ClientLoop, peer: McpPeer) -> McpToolBox:
    session = McpSession(peer.url)
    loop.close_with(session.close)
    return McpToolBox(session, loop)


@pytest.fixture
def gateway(loop: ClientLoop, peer: McpPeer) -> McpActionGateway:
    session = McpSession(peer.url, GivenToken("write"))
    loop.close_with(session.close)
    return McpActionGateway(session, loop)
