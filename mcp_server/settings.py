"""The settings of the MCP server."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, Field, SecretStr, field_validator

from runtime.settings import ProcessSettings


class McpSettings(ProcessSettings):
    """Settings of the MCP server."""

    mcp_host: str = "127.0.0.1"
    mcp_port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """0 takes any free port."""
    customer_store_path: Path = Path(".casewright/customers.db")
    mcp_write_token: SecretStr | None = None
    """What a caller of a write tool must show. Needed on any host but loopback."""
    contoso_seed: int = 2024
    """Which Contoso is generated when the store is made."""
    contoso_as_of: AwareDatetime | None = None
    """The instant that the generated records lead up to; by default the moment of their making."""

    @field_validator("mcp_write_token", "contoso_as_of", mode="before")
    @classmethod
    def _empty_means_unset(cls, value: str | datetime | None) -> str | datetime | None:
        # The worker shows its token without what a file adds to it, such as a line's end.
        return (value.strip() if isinstance(value, str) else value) or None
