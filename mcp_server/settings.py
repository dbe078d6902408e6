"""The settings of the MCP server."""

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, field_validator, model_validator
from pydantic_settings import NoDecode

from runtime.host_header import names_of
from runtime.listening import is_loopback
from runtime.settings import ProcessSettings, no_longer

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


def host_name(value: str) -> str:
    """The name in small letters. Raises ValueError."""
    if not _NAME.fullmatch(value.lower()):
        raise ValueError("a name is letters, digits, dots and hyphens, without scheme, port, path or *")
    return value.lower()


HostName = Annotated[str, AfterValidator(host_name)]


class McpSettings(ProcessSettings):
    """Settings of the MCP server."""

    mcp_host: str = "127.0.0.1"
    mcp_port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """0 takes any free port."""
    customer_store_path: Path = Path(".casewright/customers.db")
    mcp_allowed_hosts: Annotated[tuple[HostName, ...], NoDecode] = ()
    """The names that callers may call this server by, separated by commas. Needed on any host but loopback."""
    mcp_auth: Literal["keys", "entra"] = "keys"
    """Whether callers sign their own tokens, or Microsoft Entra ID does."""
    mcp_callers_file: Path | None = None
    """The public keys of callers, each with its name and scopes: a JSON Web Key Set."""
    mcp_grant_keys_file: Path | None = None
    """The public keys of grants: a JSON Web Key Set."""
    mcp_tenant: (
        Annotated[
            str,
            Field(
                pattern=r"^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|([a-zA-Z0-9-]{1,63}\.)+[a-zA-Z]{2,63})$"
            ),
        ]
        | None
    ) = None
    """The id, or a domain, of the tenant whose managed identities may call."""
    mcp_audience: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9:/._-]{0,254}$")] | None = None
    """The client id of this server's own application in that tenant."""
    mcp_calls_per_minute: Annotated[int, Field(ge=1, le=10_000_000)] = 60_000
    """How many requests of one caller are answered."""
    mcp_write_token: Annotated[
        str | None, no_longer("callers no longer share a token: each has a key of its own, see MCP_CALLERS_FILE")
    ] = None
    """Refused: it was what all callers shared."""
    contoso_seed: int = 2024
    """Which Contoso is generated when the store is made."""
    contoso_as_of: AwareDatetime | None = None
    """The instant that the generated records lead up to; by default the moment of their making."""

    @field_validator("contoso_as_of", mode="before")
    @classmethod
    def _empty_means_unset(cls, value: str | datetime | None) -> str | datetime | None:
        return (value.strip() if isinstance(value, str) else value) or None

    @field_validator("mcp_allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(name.strip() for name in value.split(",") if name.strip())

    @property
    def keys_folder(self) -> Path:
        """Where a server that is started alone on loopback keeps keys."""
        return self.customer_store_path.parent / "keys"

    @property
    def names(self) -> frozenset[str]:
        """What this server is called by."""
        return names_of(self.mcp_host, self.mcp_allowed_hosts)

    @model_validator(mode="after")
    def _says_who_may_call(self) -> Self:
        problem = self._problem()
        if problem:
            raise ValueError(problem)
        return self

    def _problem(self) -> str | None:
        if self.mcp_auth == "entra" and (not self.mcp_tenant or not self.mcp_audience or not self.mcp_grant_keys_file):
            return "MCP_AUTH=entra needs MCP_TENANT, MCP_AUDIENCE and MCP_GRANT_KEYS_FILE: set all three"
        if self.mcp_auth == "entra" and self.mcp_callers_file is not None:
            return "MCP_CALLERS_FILE is for MCP_AUTH=keys: unset it, or MCP_AUTH"
        if self.mcp_auth == "keys" and (self.mcp_tenant or self.mcp_audience):
            return "MCP_TENANT and MCP_AUDIENCE are for MCP_AUTH=entra: unset them, or set that"
        if self.mcp_auth == "keys" and (self.mcp_callers_file is None) != (self.mcp_grant_keys_file is None):
            return "MCP_CALLERS_FILE and MCP_GRANT_KEYS_FILE belong together: set both or none"
        if is_loopback(self.mcp_host):
            return None
        if not self.mcp_allowed_hosts:
            return (
                f"MCP_HOST={self.mcp_host} is not loopback, and nothing says by which name this server is called: set "
                "MCP_ALLOWED_HOSTS"
            )
        if self.mcp_grant_keys_file is None:
            return (
                f"MCP_HOST={self.mcp_host} is not loopback, and nothing says who may call: set MCP_CALLERS_FILE and "
                "MCP_GRANT_KEYS_FILE, or MCP_HOST to 127.0.0.1"
            )
        return None
