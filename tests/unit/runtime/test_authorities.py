"""CA_FILE names the authorities that whatever connects believes, in every process that connects."""

import asyncio
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import httpx
import pytest

from backend.delivery.event_hubs import EventHubsSender
from backend.delivery.event_hubs_options import EventHubsOptions
from backend.ingest import event_hubs as ingest
from backend.ingest.event_hubs_options import CheckpointOptions, TelemetryHubOptions
from backend.services.customer_store import McpCustomerReader
from backend.services.errors import CustomerStoreUnavailable
from local.telemetry.event_hubs import HubSender
from runtime.authorities import READ_BY_LIBRARIES
from runtime.event_hub_address import HubAddress
from runtime.settings import ProcessSettings, SettingsInvalid, read_settings
from tests.support.certificates import Authority
from tests.support.ports import free_port

START = """
import asyncio, contextlib, sys
from runtime.settings import ProcessSettings, read_settings
read_settings(ProcessSettings)
url = sys.argv[1]
"""
CLIENTS = {
    "model": """
from worker.adapters.providers import OpenAIProvider, open_client
client = open_client(OpenAIProvider(url, "m"))
asyncio.run(client.models.retrieve("m"))
""",
    "tool server of the worker": """
from worker.adapters.mcp_session import McpSession
asyncio.run(McpSession(url).list_tools())
""",
    "tool server of the backend": """
from backend.services.customer_store import McpCustomerReader
asyncio.run(McpCustomerReader(url).has_customer(1))
""",
    "telemetry": """
from backend.ingest.stream import StreamSource
class Enough(Exception): pass
async def once(_): raise Enough
async def read():
    async for _ in StreamSource(url, sleep=once).read(): pass
asyncio.run(read())
""",
    "webhooks": """
from ipaddress import ip_network
from datetime import UTC, datetime
import httpcore
from backend.delivery.webhooks import WebhookSender
sender = WebhookSender((ip_network("127.0.0.0/8"), ip_network("::1/128")))
pool = httpcore.AsyncConnectionPool(ssl_context=sender._certificates)
asyncio.run(pool.request("GET", url))
""",
    "sign-in provider": """
import httpx2
from backend.auth.oidc.opening import make_clients
from backend.auth.oidc.options import OidcOptions
client, _ = make_clients(OidcOptions(url, "desk", url, frozenset()), httpx2.AsyncHTTPTransport())
asyncio.run(client.get(url))
""",
    "Azure": """
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest
from azure.core import PipelineClient
PipelineClient(url, transport=RequestsTransport()).send_request(HttpRequest("GET", url))
""",
}
LIBRARIES = CLIENTS | {
    "aiohttp": """
import aiohttp
async def get():
    async with aiohttp.ClientSession() as session, session.get(url): pass
asyncio.run(get())
""",
    "urllib": """
from urllib.request import urlopen
urlopen(url)
""",
}
SCHEDULER = """
from worker.adapters.scheduler import SchedulerAddress, probe
probe(SchedulerAddress.parse(url))
print("reached")
"""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@contextmanager
def https_server(context: ssl.SSLContext) -> Generator[tuple[str, list[str]]]:
    """Its address, and the requests that reached it."""
    reached: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reached.append(self.path)
            self.send_error(404)

        do_POST = do_GET  # noqa: N815 # its name there

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # its name there
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"https://localhost:{server.server_address[1]}/x", reached
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def run(client: str, url: str, **environment: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name not in READ_BY_LIBRARIES}
    done = subprocess.run(
        [sys.executable, "-c", START + client, url],
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.integration
@pytest.mark.parametrize("client", CLIENTS)
def test_a_private_authority_is_believed_everywhere(authority: Authority, client: str) -> None:
    with https_server(authority.server("localhost")) as (url, reached):
        assert "SettingsInvalid" not in run(CLIENTS[client], url)
        assert reached == []
        said = run(CLIENTS[client], url, CA_FILE=str(authority.file))
        assert reached, said


@pytest.mark.integration
@pytest.mark.parametrize("client", LIBRARIES)
def test_no_other_authority_is_believed(authority: Authority, tmp_path: Path, client: str) -> None:
    (tmp_path / "public").mkdir()
    public = Authority(tmp_path / "public", "a public authority")
    with https_server(public.server("localhost")) as (url, reached):
        folder = str(public.directory)
        assert "SettingsInvalid" not in run(LIBRARIES[client], url, CA_FILE=str(authority.file), SSL_CERT_DIR=folder)
        assert reached == []


def test_default_authorities_of_openssl_are_not_believed(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "public").mkdir()
    public = Authority(tmp_path / "public", "a public authority")
    with https_server(public.server("localhost")) as (url, reached):
        assert "404" in run(LIBRARIES["urllib"], url, SSL_CERT_DIR=str(public.directory))
        assert reached == ["/x"]


def test_event_hubs_believe_the_same_authorities(monkeypatch: pytest.MonkeyPatch, authority: Authority) -> None:
    for name in READ_BY_LIBRARIES:
        monkeypatch.setenv(name, "")  # puts back what CA_FILE sets
    monkeypatch.setenv("CA_FILE", str(authority.file))
    read_settings(ProcessSettings)
    emulator = "Endpoint=sb://127.0.0.1;SharedAccessKeyName=a;SharedAccessKey=k;UseDevelopmentEmulator=true"
    address = HubAddress("telemetry", None, emulator)
    options = TelemetryHubOptions(address, CheckpointOptions("c", None, "AccountName=devstoreaccount1;AccountKey=eA=="))
    clients: list[Any] = [
        _its(EventHubsSender(EventHubsOptions("events", None, emulator)), "_new_client")(),
        _its(HubSender(address), "_new_client")(),
        _its(ingest, "_client")(options, None, None),
    ]
    assert [_its(client, "_config").connection_verify for client in clients] == [str(authority.file)] * 3


def _its(owner: object, private: str) -> Any:
    """What a client is made with has no public name."""
    return getattr(owner, private)


@pytest.mark.integration
def test_the_scheduler_s_authority_is_believed(authority: Authority) -> None:
    authority.server("localhost")
    key, mark, certificate = authority.pem_of("localhost").partition(b"-----BEGIN CERTIFICATE-----")

    async def serve() -> tuple[str, str]:
        server = grpc.aio.server()
        port = server.add_secure_port("localhost:0", grpc.ssl_server_credentials([(key, mark + certificate)]))
        await server.start()
        url = f"https://localhost:{port}"
        believing = await asyncio.to_thread(run, SCHEDULER, url, CA_FILE=str(authority.file))
        other = await asyncio.to_thread(run, SCHEDULER, url)
        await server.stop(None)
        return believing, other

    believing, other = asyncio.run(serve())
    assert believing == "reached\n"
    assert "SchedulerDown: it does not accept connections yet" in other


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (None, "it cannot be read: No such file or directory"),
        ("", "it holds no certificate in PEM"),
        ("-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n", "it holds no certificate in PEM"),
    ],
)
def test_a_file_without_authorities_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, held: str | None, why: str
) -> None:
    if held is not None:
        (tmp_path / "ca.pem").write_text(held)
    monkeypatch.setenv("CA_FILE", str(tmp_path / "ca.pem"))
    with pytest.raises(SettingsInvalid) as refused:
        read_settings(ProcessSettings)
    assert str(refused.value) == f"CA_FILE is wrong ({why}): correct it or unset it."


def test_certificates_are_read_once_for_a_tool_server(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[ssl.SSLContext] = []
    make = httpx.create_ssl_context

    def noted(*args: Any, **options: Any) -> ssl.SSLContext:
        made.append(make(*args, **options))
        return made[-1]

    monkeypatch.setattr(httpx, "create_ssl_context", noted)

    async def ask(url: str) -> None:
        reader = McpCustomerReader(url)
        for _ in range(2):
            with pytest.raises(CustomerStoreUnavailable):
                await reader.has_customer(1)

    port = free_port()
    asyncio.run(ask(f"https://127.0.0.1:{port}/mcp"))
    assert len(made) == 1
    asyncio.run(ask(f"http://127.0.0.1:{port}/mcp"))
    assert len(made) == 1
