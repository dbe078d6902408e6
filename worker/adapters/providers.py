"""Which model endpoint is used, and the client for it."""

from dataclasses import dataclass, field

import anyio.to_thread
from openai import AsyncAzureOpenAI, AsyncOpenAI

AZURE_API_VERSION = "2024-10-21"
"""The first general release with structured outputs."""
AZURE_SCOPE = "https://cognitiveservices.azure.com/.default"
OPENAI_URL = "https://api.openai.com/v1"
NO_KEY = "not-needed"
"""Sent to endpoints that ask for no key: the client insists on one."""


@dataclass(frozen=True)
class AzureProvider:
    """Azure OpenAI, by managed identity."""

    endpoint: str
    model: str
    """The deployment's name."""

    def describe(self) -> str:
        """For the start-up log."""
        return f"{self.model} at {self.endpoint}, by managed identity"


@dataclass(frozen=True)
class OpenAIProvider:
    """OpenAI itself, or anything that speaks its chat-completions API."""

    base_url: str
    model: str
    api_key: str = field(default=NO_KEY, repr=False)

    def describe(self) -> str:
        """For the start-up log."""
        return f"{self.model} at {self.base_url}"


Provider = AzureProvider | OpenAIProvider


def open_client(provider: Provider) -> AsyncOpenAI:
    """A client that asks every question once. Connects to nothing yet."""
    if isinstance(provider, OpenAIProvider):
        return AsyncOpenAI(base_url=provider.base_url, api_key=provider.api_key, max_retries=0)
    from azure.identity import DefaultAzureCredential, get_bearer_token_provider

    fetch = get_bearer_token_provider(DefaultAzureCredential(), AZURE_SCOPE)

    async def token() -> str:
        # The credential blocks while it talks to the identity endpoint; it caches tokens by itself.
        return await anyio.to_thread.run_sync(fetch)

    return AsyncAzureOpenAI(
        azure_endpoint=provider.endpoint,
        azure_deployment=provider.model,
        api_version=AZURE_API_VERSION,
        azure_ad_token_provider=token,
        max_retries=0,
    )
