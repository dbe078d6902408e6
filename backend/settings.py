"""The backend's settings, read from the environment once, in `main`."""

from pathlib import Path
from typing import Annotated, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from backend.auth.settings import SignInSettings, exact_origin
from backend.delivery.addresses import Networks, parse_networks
from backend.delivery.settings import DeliverySettings
from backend.http.connections.limits import MAX_CONNECTIONS, ConnectionLimits
from backend.http.site import Site
from backend.ingest.settings import HttpUrl, TelemetrySettings, split_commas
from backend.retention_settings import RetentionSettings
from backend.services.rate_limits import REQUESTS_PER_MINUTE
from casebook.policy.chat_limits import DEFAULT_LIMITS
from casebook.policy.holds import DECISION_HOLD_SECONDS, MAX_HOLD_SECONDS
from contracts.access import NO_SHARED_TOKEN
from contracts.addresses import carries_secret, checked
from contracts.addresses import is_loopback as is_near
from contracts.closing import NO_POLICY, ClosingPolicy, RequiredField
from contracts.kinds import ANSWERS, Answer
from runtime.host_header import names_of
from runtime.listening import is_loopback
from runtime.settings import no_longer
from runtime.signatures import PrivateKey

FIELDS: tuple[RequiredField, ...] = get_args(RequiredField)
ANY = "any"
"""Stands for every answer."""


def parse_closing_policy(text: str) -> ClosingPolicy:
    """The policy in a text such as `any: disposition; clear: reason_code, comment`. Raises ValueError."""
    required: dict[Answer, list[RequiredField]] = {}
    for entry in filter(None, map(str.strip, text.split(";"))):
        named, _, fields = entry.partition(":")
        answers: list[Answer] = [answer for answer in ANSWERS if named.strip() in (ANY, answer)]
        wanted = [name.strip() for name in fields.split(",")]
        known: list[RequiredField] = [field for field in FIELDS if field in wanted]
        if not answers or len(known) < len(wanted):
            raise ValueError(
                f"an entry is not understood: write an answer ({ANY}, {', '.join(ANSWERS)}), a colon, and what it "
                f"requires ({', '.join(FIELDS)}), separated by commas; then a semicolon before the next answer"
            )
        for answer in answers:
            required.setdefault(answer, []).extend(known)
    return ClosingPolicy(required={answer: tuple(dict.fromkeys(names)) for answer, names in required.items()})


class BackendSettings(TelemetrySettings, DeliverySettings, SignInSettings, RetentionSettings):
    """The backend's settings; each is the environment variable of the same name in capitals."""

    backend_host: str = "127.0.0.1"
    backend_port: Annotated[int, Field(ge=1, le=65535)] = 8001
    allowed_origins: Annotated[tuple[Annotated[str, AfterValidator(exact_origin)], ...], NoDecode] = ()
    """Other origins whose pages may use this backend, separated by commas: a development server, for example."""

    max_connections: Annotated[int, Field(ge=10, le=100_000)] = MAX_CONNECTIONS
    """How many connections this server has at once, streams and sockets included."""

    trusted_proxies: Annotated[Networks, NoDecode] = ()
    """Addresses of the proxies in front, which say where a request comes from: `10.1.0.0/16`."""

    requests_per_minute: Annotated[int, Field(ge=0, le=1_000_000)] = REQUESTS_PER_MINUTE
    """How much one person or program may ask of this process in a minute; 0: as much as they like."""

    claim_minutes: Annotated[float, Field(gt=0, le=7 * 24 * 60)] = 30.0
    """How long a claim lasts that is not renewed."""
    attachment_max_bytes: Annotated[int, Field(ge=1, le=100 * 1024 * 1024)] = 5 * 1024 * 1024
    """How large a file may be that is added to a case."""
    notes_per_case: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    """How many notes a case takes."""

    closing_policy: Annotated[ClosingPolicy, NoDecode] = NO_POLICY
    """What a decision must have: `clear: reason_code, comment; reject: disposition`."""
    decision_hold_seconds: Annotated[float, Field(ge=0, le=MAX_HOLD_SECONDS)] = DECISION_HOLD_SECONDS
    """How long whoever approved something can take that back before it is done; 0: it is done at once."""
    investigations_at_once: Annotated[int, Field(ge=1)] = 100
    """How many cases are investigated at a time; the others wait, oldest first."""

    chat_messages_per_minute: Annotated[int, Field(ge=1, le=10_000)] = DEFAULT_LIMITS.per_minute
    """Messages that one user may send in a minute."""
    chat_open_turns: Annotated[int, Field(ge=1, le=1_000)] = DEFAULT_LIMITS.open_turns
    """Messages of one user that may wait for their replies."""
    chat_conversation_turns: Annotated[int, Field(ge=1, le=1_000_000)] = DEFAULT_LIMITS.turns
    """Messages of one conversation."""

    event_consumers_enabled: bool = True
    """Whether this process counts messages and delivers domain events; if not, `python -m backend.consumers` does."""

    dts_endpoint: Annotated[str, Field(pattern=r"^https?://[^\s/]+/?$"), AfterValidator(checked)] = (
        "http://127.0.0.1:8080"
    )
    dts_taskhub: Annotated[str, Field(min_length=1)] = "default"
    mcp_server_uri: HttpUrl | None = None
    """The tool server, which is asked what an approval would do."""
    mcp_caller_key: SecretStr | None = None
    """The private Ed25519 key, in PEM, with which this backend signs its tokens for the tool server."""
    mcp_audience: Annotated[str, Field(min_length=1)] | None = None
    """The tool server's application in Microsoft Entra ID: tokens are those of this backend's managed identity."""
    mcp_write_token: Annotated[str | None, no_longer(NO_SHARED_TOKEN)] = None
    """Refused: it was what all callers shared."""
    grant_key: SecretStr | None = None
    """The private Ed25519 key, in PEM, that approved effects are granted with; unset: what is approved waits."""
    web_dist: Path = Path("web/dist")

    event_ingest_enabled: bool = True
    """Whether this process reads telemetry; if not, `python -m backend.ingest` does."""

    # Shown in the web interface only; the worker uses its own.
    auto_clear_threshold: Annotated[float, Field(ge=0, le=1)] = 0.6
    analyst_approval_timeout_hours: Annotated[float, Field(gt=0)] = 72.0
    max_review_attempts: Annotated[int, Field(ge=1)] = 3
    model_name: Annotated[
        str | None, Field(validation_alias=AliasChoices("AZURE_OPENAI_CHAT_DEPLOYMENT", "OPENAI_MODEL"))
    ] = None
    """`AZURE_OPENAI_CHAT_DEPLOYMENT` or `OPENAI_MODEL`."""

    @field_validator("grant_key", "mcp_caller_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            PrivateKey(value.get_secret_value())
        return value

    @field_validator("closing_policy", mode="before")
    @classmethod
    def _read_policy(cls, value: object) -> object:
        return parse_closing_policy(value) if isinstance(value, str) else value

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _read_networks(cls, value: object) -> object:
        return parse_networks(value) if isinstance(value, str) else value

    @field_validator("trusted_proxies")
    @classmethod
    def _trust_not_everybody(cls, value: Networks) -> Networks:
        if any(network.prefixlen == 0 for network in value):
            raise ValueError("it trusts everybody to say where they come from: name the addresses of your proxies")
        return value

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: object) -> object:
        return split_commas(value)

    def _sent(self) -> list[tuple[str, str]]:
        sent = [*super()._sent(), ("What DTS_ENDPOINT is told", self.dts_endpoint)]
        if self.mcp_server_uri and (self.mcp_caller_key or self.mcp_audience):
            sent.append(("The token for the tool server", self.mcp_server_uri))
        elif self.mcp_server_uri and carries_secret(self.mcp_server_uri):
            sent.append(("The user, password or key of MCP_SERVER_URI", self.mcp_server_uri))
        return sent

    @property
    def names(self) -> frozenset[str]:
        """What this server answers to."""
        public = urlsplit(self.public_origin or "").hostname
        return names_of(self.backend_host, (*self.allowed_hosts, public) if public else self.allowed_hosts)

    @property
    def site(self) -> Site:
        """By which names and from which pages this desk is used."""
        return Site(self.names, self.public_origin, frozenset(self.allowed_origins), self.trusted_proxies)

    @property
    def connection_limits(self) -> ConnectionLimits:
        """What one connection may cost."""
        return ConnectionLimits(connections=self.max_connections)

    @model_validator(mode="after")
    def _show_one_token(self) -> "BackendSettings":
        if self.mcp_caller_key and self.mcp_audience:
            raise ValueError("MCP_CALLER_KEY and MCP_AUDIENCE are both set: unset the one that is not used")
        return self

    @model_validator(mode="after")
    def _stay_on_loopback(self) -> "BackendSettings":
        if self.auth_mode == "oidc" and is_near(self.public_origin or "") and not is_loopback(self.backend_host):
            raise ValueError(
                f"BACKEND_HOST={self.backend_host} is not loopback, and PUBLIC_ORIGIN is of this machine alone: set it "
                "to where others find this desk"
            )
        if self.auth_mode != "local" and not self.names:
            raise ValueError(
                f"BACKEND_HOST={self.backend_host} is not loopback, and nothing says by which name it is called: set "
                "PUBLIC_ORIGIN or ALLOWED_HOSTS"
            )
        if self.auth_mode == "local" and not is_loopback(self.backend_host):
            raise ValueError(
                f"BACKEND_HOST={self.backend_host} is not loopback, and AUTH_MODE=local lets everybody in who can "
                "connect: set BACKEND_HOST to 127.0.0.1"
            )
        return self
