"""Callers of the tool server in tests: with the keys that it made beside its store, and grants that nobody asks for."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.access import TOOLS_AUDIENCE, ToolScope
from contracts.grants import GRANT_ISSUER, GRANT_KEY, GRANT_LIFE_S
from mcp_server.access.callers import Caller
from mcp_server.access.key_files import read_private_key
from mcp_server.tools.permissions import Access
from runtime.caller_tokens import CallerTokens
from runtime.signatures import PrivateKey
from worker.adapters.tool_tokens import ACTING, READING, OwnTokens

ANYBODY = Caller("anybody", frozenset({"read", "act", "tasks"}))


class EverythingGranted:
    """Fulfils `GrantVerifier`."""

    def check(self, grant: object, tool: str, arguments: Mapping[str, Any]) -> None:
        """Everything is."""


OPEN = Access(EverythingGranted(), lambda: ANYBODY)
"""Of a server in the process of a test that is not about access."""


@dataclass(frozen=True)
class GivenToken:
    """The same token on each request. Fulfils the worker's `TokenSource`."""

    text: str

    async def token(self) -> str:
        """The token."""
        return self.text


@dataclass(frozen=True)
class Keys:
    """The keys of a tool server's callers, and that of grants."""

    folder: Path

    @classmethod
    def beside(cls, store: Path) -> "Keys":
        """Those that a server made that was started alone."""
        return cls(store.parent / "keys")

    def key(self, name: str) -> PrivateKey:
        """The private key of a caller, or of `grants`."""
        return read_private_key(self.folder / f"{name}.pem")

    def token(self, *scopes: ToolScope, caller: str = "worker") -> str:
        """A token with these scopes; without any, to read."""
        return CallerTokens(self.key(caller), TOOLS_AUDIENCE, scopes or ("read",)).current()

    def reading(self) -> OwnTokens:
        """What agents show."""
        return OwnTokens(self.key("worker"), READING)

    def acting(self) -> OwnTokens:
        """What activities with effects show."""
        return OwnTokens(self.key("worker"), ACTING)

    def grant(self, tool: str, arguments: Mapping[str, Any], **claims: Any) -> str:
        """A grant for exactly this call, but for `claims`."""
        return signed_grant(self.key("grants"), tool, arguments, **claims)


def signed_grant(key: PrivateKey, tool: str, arguments: Mapping[str, Any], **claims: Any) -> str:
    """A grant for exactly this call, but for `claims`; None leaves one out."""
    now = int(time.time())
    said = {
        "iss": GRANT_ISSUER,
        "aud": TOOLS_AUDIENCE,
        "iat": now,
        "nbf": now,
        "exp": now + GRANT_LIFE_S,
        "jti": arguments.get("idempotency_key"),
        "approval": "case-1:r1",
        "assessment_hash": None,
        "call": {"tool": tool, "arguments": dict(arguments)},
        **claims,
    }
    return key.sign({name: value for name, value in said.items() if value is not None or name == "assessment_hash"})


def along(grant: str | None) -> dict[str, str]:
    """What goes along with a call."""
    return {} if grant is None else {GRANT_KEY: grant}
