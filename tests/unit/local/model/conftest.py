"""A real model server on a free port."""

from collections.abc import Generator, Iterator

import httpx
import pytest
from openai import OpenAI

from local.model.server import build_server
from tests.unit.local.serving import running


@pytest.fixture(scope="session")
def server_url() -> Generator[str]:
    """The address of a server that all tests of this folder share."""
    with running(build_server()) as url:
        yield url


@pytest.fixture
def http(server_url: str) -> Iterator[httpx.Client]:
    """A plain HTTP client; whatever it sets through PUT /control is undone afterwards."""
    with httpx.Client(base_url=server_url, timeout=60) as client:
        yield client
        client.put("/control", json={}).raise_for_status()


@pytest.fixture
def openai_client(server_url: str, http: httpx.Client) -> Iterator[OpenAI]:
    """The real client, without retries."""
    with OpenAI(base_url=f"{server_url}/v1", api_key="unused", max_retries=0, timeout=60) as client:
        yield client
