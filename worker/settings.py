"""What the worker is told by its environment. Read once, in `main`."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from contracts.investigation import InvestigationPolicy

Hours = Annotated[float, Field(gt=0)]
Seconds = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]

_POLICY = InvestigationPolicy()

NO_MODEL = (
    "No language model is configured: set OPENAI_BASE_URL and OPENAI_MODEL (the local model is "
    "http://127.0.0.1:8090/v1 and casewright-rules-1), or AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_CHAT_DEPLOYMENT."
)


class WorkerSettings(BaseSettings):
    """The worker's settings; each is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, allow_inf_nan=False)

    dts_endpoint: Annotated[str, Field(pattern=r"^https?://[^\s/]+/?$")] = "http://127.0.0.1:8080"
    """`http://` for a local scheduler, `https://` for Azure Durable Task Scheduler by managed identity."""
    dts_taskhub: Annotated[str, Field(min_length=1)] = "default"

    openai_base_url: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = None
    openai_api_key: SecretStr | None = None
    openai_model: str | None = None
    azure_openai_endpoint: Annotated[str, Field(pattern=r"^https://\S+$")] | None = None
    azure_openai_chat_deployment: str | None = None

    mcp_server_uri: Annotated[str, Field(pattern=r"^https?://\S+$")] = "http://127.0.0.1:8000/mcp"
    mcp_write_token: SecretStr | None = None
    """Shown to the tool server by `execute_action` only."""

    casebook_url: str = "sqlite:///.casewright/casebook.db"

    analyst_approval_timeout_hours: Hours = _POLICY.approval_timeout_hours
    escalation_timeout_hours: Hours = _POLICY.escalation_timeout_hours
    """How long a manager has after an analyst's deadline has passed."""
    max_review_attempts: Annotated[int, Field(ge=1)] = _POLICY.max_review_attempts
    auto_clear_threshold: Share = _POLICY.auto_clear_threshold
    quality_check_share: Share = _POLICY.quality_check_share

    worker_threads: Annotated[int, Field(ge=8, le=1024)] = 64
    """Activities wait for language models most of the time, so there are many more threads than cores."""
    worker_drain_seconds: Seconds = 25.0
    """How long running activities may go on after SIGTERM."""
    worker_ready_file: Path | None = None
    """Written once the worker takes work, removed when it stops."""

    agent_max_model_calls: Annotated[int, Field(ge=2)] = 6
    agent_max_tool_calls: Annotated[int, Field(ge=1)] = 16
    agent_max_tokens: Annotated[int, Field(ge=1)] = 120_000
    agent_max_seconds: Seconds = 180.0
    model_timeout_seconds: Seconds = 60.0
    tool_timeout_seconds: Seconds = 30.0

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @model_validator(mode="after")
    def _names_one_model(self) -> Self:
        if self.azure_openai_endpoint:
            if not self.azure_openai_chat_deployment:
                raise ValueError(
                    "AZURE_OPENAI_ENDPOINT is set: set AZURE_OPENAI_CHAT_DEPLOYMENT to a deployment there."
                )
            return self
        if not self.openai_base_url and not self.openai_api_key:
            raise ValueError(NO_MODEL)
        if not self.openai_model:
            raise ValueError("OPENAI_MODEL is not set: name the model that OPENAI_BASE_URL is to answer with.")
        if self.openai_base_url and not self.openai_api_key and not is_loopback(self.openai_base_url):
            raise ValueError(f"{self.openai_base_url} is not on this machine: set OPENAI_API_KEY for it.")
        return self


def is_loopback(url: str) -> bool:
    """Whether only this machine answers at `url`."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
