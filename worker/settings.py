"""The worker's settings, read from the environment once, in `main`."""

import json
from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import NoDecode

from contracts.access import NO_SHARED_TOKEN
from contracts.addresses import carries_secret, checked, is_loopback, why_exposed, without_credentials
from contracts.investigation import InvestigationPolicy
from contracts.stopping import DRAIN_SECONDS
from runtime.secret_sources import HoldsSecret
from runtime.settings import ProcessSettings, no_longer
from runtime.signatures import PrivateKey
from worker.domain.sensitivity import DEFAULT_KEYWORDS
from worker.ports.model import ToolCalling

Hours = Annotated[float, Field(gt=0, le=8_784)]
"""At most a year: a longer time would mean never."""
Seconds = Annotated[float, Field(gt=0)]
RequestsPerMinute = Annotated[int, Field(ge=1, le=1_000_000)]
Share = Annotated[float, Field(ge=0, le=1)]
HttpUrl = Annotated[str, Field(pattern=r"^https?://\S+$"), AfterValidator(checked), HoldsSecret()]
AzureUrl = Annotated[str, Field(pattern=r"^https://\S+$"), AfterValidator(checked)]


def _sendable(secret: SecretStr) -> SecretStr:
    """The secret without what a file or a clipboard adds around it."""
    text = secret.get_secret_value().strip()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("it holds what no request can carry, such as a line's end or an accent: copy it again")
    return SecretStr(text)


def _signing(secret: SecretStr) -> SecretStr:
    PrivateKey(secret.get_secret_value())
    return secret


HeaderSecret = Annotated[SecretStr, AfterValidator(_sendable)]
"""A secret that goes into the header of a request."""

_POLICY = InvestigationPolicy()

NO_MODEL = (
    "No language model is configured: set OPENAI_BASE_URL and OPENAI_MODEL (the local model is "
    "http://127.0.0.1:8090/v1 and casewright-rules-1), or AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_CHAT_DEPLOYMENT."
)


class ModelChoice(BaseModel):
    """One deployment of a model, with the same names as the environment variables of the first one."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=str.upper, validate_by_name=True)

    azure_openai_endpoint: AzureUrl | None = None
    azure_openai_chat_deployment: str | None = None
    openai_base_url: HttpUrl | None = None
    openai_api_key: HeaderSecret | None = None
    openai_model: str | None = None
    model_tool_calling: ToolCalling = "auto"
    model_requests_per_minute: RequestsPerMinute | None = None

    @model_validator(mode="after")
    def _names_one_model(self) -> Self:
        problem = _problem_with(self)
        if problem:
            raise ValueError(problem)
        return self


def _parsed(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError(
            'it is not JSON: give a list such as [{"OPENAI_BASE_URL": "…", "OPENAI_MODEL": "…"}]'
        ) from None


class WorkerSettings(ProcessSettings):
    """The worker's settings; each is the environment variable of the same name in capitals."""

    dts_endpoint: Annotated[str, Field(pattern=r"^https?://[^\s/]+/?$"), AfterValidator(checked)] = (
        "http://127.0.0.1:8080"
    )
    """`http://` for a local scheduler, `https://` for Azure Durable Task Scheduler by managed identity."""
    dts_taskhub: Annotated[str, Field(min_length=1)] = "default"

    openai_base_url: HttpUrl | None = None
    openai_api_key: HeaderSecret | None = None
    openai_model: str | None = None
    azure_openai_endpoint: AzureUrl | None = None
    azure_openai_chat_deployment: str | None = None
    model_tool_calling: ToolCalling = "auto"
    model_requests_per_minute: RequestsPerMinute | None = None
    """Of this worker to the deployment; unset: no limit but what the provider says."""
    model_failover: Annotated[tuple[ModelChoice, ...], NoDecode, BeforeValidator(_parsed), HoldsSecret()] = ()
    """Asked in this order when the deployment above does not answer."""
    model_circuit_failures: Annotated[int, Field(ge=1)] = 5
    """After this many failures of a deployment in a row its circuit breaker opens."""
    model_circuit_seconds: Seconds = 15.0

    mcp_server_uri: HttpUrl = "http://127.0.0.1:8000/mcp"
    mcp_caller_key: Annotated[SecretStr, AfterValidator(_signing)] | None = None
    """The private Ed25519 key, in PEM, with which this worker signs its tokens for the tool server."""
    mcp_audience: Annotated[str, Field(min_length=1)] | None = None
    """The tool server's application in Microsoft Entra ID: tokens are those of this worker's managed identity."""
    mcp_write_token: Annotated[str | None, no_longer(NO_SHARED_TOKEN)] = None
    """Refused: it was what all callers shared."""

    casebook_url: Annotated[str, HoldsSecret()] = "sqlite:///.casewright/casebook.db"

    analyst_approval_timeout_hours: Hours = _POLICY.approval_timeout_hours
    escalation_timeout_hours: Hours = _POLICY.escalation_timeout_hours
    """How long a manager has after an analyst's deadline has passed."""
    review_hours_critical: Hours = 4.0
    """How long people have to answer about a critical alert; never longer than the timeouts above."""
    review_hours_high: Hours = 24.0
    remind_before_share: Annotated[float, Field(ge=0, lt=1)] = 0.25
    """How much of the time is left when those who could decide are reminded; 0: nobody is."""
    business_zone: str | None = None
    """The IANA time zone of the business hours. Unset: every hour counts."""
    business_days: str = "mon,tue,wed,thu,fri"
    business_opens: time = time(9)
    business_closes: time = time(17)
    business_holidays: str = ""
    """ISO dates, separated by commas."""
    four_eyes_refund_limit_minor: Annotated[int, Field(ge=0)] = 50_000
    """Refunds above this many minor units of their currency need two people."""
    reconcile_hours: Hours = 24.0
    """How long an effect of which nobody knows is looked up before its case is closed as failed."""
    max_review_attempts: Annotated[int, Field(ge=1)] = _POLICY.max_review_attempts
    auto_clear_threshold: Share = _POLICY.auto_clear_threshold
    quality_check_share: Share = _POLICY.quality_check_share

    chat_review_keywords: Annotated[str, Field(max_length=10_000)] = ", ".join(DEFAULT_KEYWORDS)
    """Whole words after which a person looks at a reply, separated by commas; empty: none."""
    reply_timeout_hours: Hours = 1.0
    """How long analysts have to decide about a reply."""
    reply_escalation_hours: Hours = 4.0
    """How long a manager has after that."""

    worker_threads: Annotated[int, Field(ge=8, le=1024)] = 400
    """A case keeps three waiting for language models, and a quarter is kept for orchestrations: enough for 100."""
    worker_drain_seconds: Seconds = DRAIN_SECONDS
    """How long running activities may continue after SIGTERM."""
    worker_ready_file: Path | None = None
    """Written once the worker takes work, removed when it stops."""

    agent_max_model_calls: Annotated[int, Field(ge=2)] = 6
    agent_max_tool_calls: Annotated[int, Field(ge=1)] = 16
    agent_max_tokens: Annotated[int, Field(ge=1)] = 120_000
    agent_max_seconds: Seconds = 90.0
    """For one agent run, calls and pauses together."""
    agent_max_retries: Annotated[int, Field(ge=0)] = 5
    agent_max_tool_text: Annotated[int, Field(ge=1_000)] = 24_000
    """Characters of one tool result that a model is shown."""
    model_budget_usd_per_case: Annotated[Decimal, Field(gt=0)] | None = None
    """Past a budget no model is asked any more, and the case goes to people. Unset: there is none."""
    model_budget_usd_per_day: Annotated[Decimal, Field(gt=0)] | None = None
    model_budget_tokens_per_case: Annotated[int, Field(ge=0)] = 1_000_000
    """Bounds models without a known price, too; 0: there is none."""
    model_budget_tokens_per_day: Annotated[int, Field(ge=0)] = 0
    model_timeout_seconds: Seconds = 40.0
    tool_timeout_seconds: Seconds = 30.0

    @model_validator(mode="after")
    def _names_a_model(self) -> Self:
        problem = _problem_with(self) or self._exposed()
        if self.mcp_caller_key and self.mcp_audience:
            problem = problem or "MCP_CALLER_KEY and MCP_AUDIENCE are both set: unset the one that is not used."
        if problem:
            raise ValueError(problem)
        return self

    def _exposed(self) -> str | None:
        """Which secret could be read on its way, in one sentence; None when none could."""
        if self.allow_plain_http:
            return None
        sent = [("What DTS_ENDPOINT is told", self.dts_endpoint)]
        for choice in self.models:
            url = choice.openai_base_url
            if url and choice.openai_api_key:
                sent.append(("OPENAI_API_KEY", url))
            elif url and carries_secret(url):
                sent.append(("The user and password of OPENAI_BASE_URL", url))
        if self.mcp_caller_key or self.mcp_audience:
            sent.append(("The token for the tool server", self.mcp_server_uri))
        elif carries_secret(self.mcp_server_uri):
            sent.append(("The user and password of MCP_SERVER_URI", self.mcp_server_uri))
        return next(filter(None, (why_exposed(what, where) for what, where in sent)), None)

    @property
    def models(self) -> tuple[ModelChoice, ...]:
        """The deployments in the order in which they are asked. Never empty."""
        first = ModelChoice(
            azure_openai_endpoint=self.azure_openai_endpoint,
            azure_openai_chat_deployment=self.azure_openai_chat_deployment,
            openai_base_url=self.openai_base_url,
            openai_api_key=self.openai_api_key,
            openai_model=self.openai_model,
            model_tool_calling=self.model_tool_calling,
            model_requests_per_minute=self.model_requests_per_minute,
        )
        return (first, *self.model_failover)


def _problem_with(choice: ModelChoice | WorkerSettings) -> str | None:
    """Why this does not name one deployment, in one sentence; None when it does."""
    if choice.azure_openai_endpoint:
        if choice.azure_openai_chat_deployment:
            return None
        return "AZURE_OPENAI_ENDPOINT is set: set AZURE_OPENAI_CHAT_DEPLOYMENT to a deployment there."
    if choice.azure_openai_chat_deployment:
        return (
            "AZURE_OPENAI_CHAT_DEPLOYMENT is set and AZURE_OPENAI_ENDPOINT is not: "
            "set it to the address of the deployment, or unset both."
        )
    if not choice.openai_base_url and not choice.openai_api_key:
        return NO_MODEL
    if not choice.openai_model:
        return "OPENAI_MODEL is not set: name the model that OPENAI_BASE_URL is to answer with."
    if choice.openai_base_url and not choice.openai_api_key and not is_loopback(choice.openai_base_url):
        return f"{without_credentials(choice.openai_base_url)} is not on this machine: set OPENAI_API_KEY for it."
    return None
