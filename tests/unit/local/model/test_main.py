"""Starting and stopping the model server as a process."""

import socket

import httpx
import pytest

from tests.unit.local.processes import run, started

pytestmark = pytest.mark.integration


def test_help_names_the_options():
    result = run("local.model", "--help")
    assert result.returncode == 0
    assert "--port" in result.stdout


def test_port_in_use_is_one_sentence_with_code_1():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("local.model", "--port", str(port))
    assert result.returncode == 1
    assert result.stderr == (
        f"Cannot listen on 127.0.0.1 port {port} (Address already in use): "
        "stop what uses it, or choose another with --port.\n"
    )


def test_stops_cleanly_while_a_client_waits_for_ever():
    with started("local.model", "--port", "0") as (process, url), httpx.Client(base_url=url, timeout=60) as client:
        client.put("/control", json={"fault": "timeout"}).raise_for_status()
        body = b'{"model": "m", "messages": [{"role": "user", "content": "Hello"}]}'
        head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        head += b"Content-Length: %d\r\n\r\n" % len(body)
        address = httpx.URL(url)
        with socket.create_connection((address.host, address.port or 80)) as waiting:
            waiting.sendall(head + body)
            while client.get("/control/stats").json()["in_flight"] == 0:
                pass
            process.terminate()
            assert process.wait(timeout=60) == 0
