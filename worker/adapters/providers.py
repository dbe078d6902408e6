"""Chooses the model endpoint, and creates its client."""

from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import unquote, urlsplit, urlunsplit

import anyio.to_thread
from openai import AsyncAzureOpenAI, AsyncOpenAI

from contracts.addresses import host_of, without_credentials
from worker.adapters.http_client import open_http
from worker.adapters.model_errors import IdentityUnavailable
from worker.ports.model import ToolCalling

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

AZURE_API_VERSION = "2024-10-21"
"""The first general release with structured outputs."""
AZURE_SCOPE = "https://cognitiveservices.azure.com/.default"
OPENAI_URL = "https://api.openai.com/v1"
RULES_MODEL = "casewright-rules-1"
"""The local model; it asks for no key and is given none."""
NO_KEY = "not-needed"
"""Sent to endpoints that ask for no key: the client insists on one."""


@dataclass(frozen=True)
class AzureProvider:
    """Azure OpenAI, by managed identity."""

    endpoint: str
    model: str
    """The deployment's name."""
    tool_calling: ToolCalling = "auto"
    requests_per_minute: int | None = None
    """None: no limit but the provider's."""
    limit_window_s: ClassVar[float] = 10.0
    """Of which time a limit in its headers is: a deployment with 300 requests per minute says 50."""

    @property
    def name(self) -> str:
        """For people: the deployment and where it is."""
        return _name(self.model, self.endpoint)

    def describe(self) -> str:
        """For the start-up log."""
        return f"{self.model} at {without_credentials(self.endpoint)}, by managed identity"


@dataclass(frozen=True)
class OpenAIProvider:
    """OpenAI itself, or anything that speaks its chat-completions API."""

    base_url: str = field(repr=False)
    """May hold credentials."""
    model: str
    api_key: str = field(default=NO_KEY, repr=False)
    tool_calling: ToolCalling = "auto"
    requests_per_minute: int | None = None
    """None: no limit but the provider's."""
    limit_window_s: ClassVar[float] = 60.0
    """Of which time a limit in its headers is."""

    @property
    def name(self) -> str:
        """For people: the model and where it is."""
        return _name(self.model, self.base_url)

    def describe(self) -> str:
        """For the start-up log."""
        return f"{self.model} at {without_credentials(self.base_url)}"


Provider = AzureProvider | OpenAIProvider


def open_client(provider: Provider, credential: "TokenCredential | None" = None) -> AsyncOpenAI:
    """A client that asks every question once. Connects to nothing yet.

    Azure OpenAI is shown a token of `credential`, by default that of the machine's identity, renewed before it
    expires. Its questions raise IdentityUnavailable when there is none.
    """
    http = open_http()
    if isinstance(provider, OpenAIProvider):
        url, signed_in = _taken_apart(provider.base_url)
        # A request has one Authorization: the key's, and that of the address where there is no key.
        headers = {"Authorization": signed_in} if signed_in and provider.api_key == NO_KEY else None
        client = AsyncOpenAI(
            base_url=url, api_key=provider.api_key, max_retries=0, http_client=http, default_headers=headers
        )
        if provider.base_url.rstrip("/") != OPENAI_URL:
            # The client reads them from the environment, where they are meant for OpenAI.
            client.organization = client.project = None
        return client
    from azure.core.exceptions import AzureError
    from azure.identity import DefaultAzureCredential, get_bearer_token_provider

    fetch = get_bearer_token_provider(credential or DefaultAzureCredential(), AZURE_SCOPE)

    async def token() -> str:
        # The credential blocks while it talks to the identity endpoint; it caches tokens by itself.
        try:
            return await anyio.to_thread.run_sync(fetch)
        except AzureError as error:
            raise IdentityUnavailable from error

    return AsyncAzureOpenAI(
        azure_endpoint=provider.endpoint,
        azure_deployment=provider.model,
        api_version=AZURE_API_VERSION,
        azure_ad_token_provider=token,
        max_retries=0,
        http_client=http,
    )


def _taken_apart(url: str) -> tuple[str, str | None]:
    """The address without user and password, and what they say in a request; the transport takes no such address."""
    parts = urlsplit(url)
    signed_in, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None
    encoded = b64encode(unquote(signed_in).encode()).decode()
    return urlunsplit(parts._replace(netloc=host)), f"Basic {encoded}"


def _name(model: str, url: str) -> str:
    return f"{model} at {host_of(url)}"
