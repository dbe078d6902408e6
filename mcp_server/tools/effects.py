"""The ledger: the effect under a key."""

from fastmcp import FastMCP

from mcp_server.records.effect import EffectRow
from mcp_server.store.customer_store import CustomerStore
from mcp_server.tools.arguments import IdempotencyKey
from mcp_server.tools.registration import add_look_up_tool


class EffectTools:
    """The effect ledger."""

    def __init__(self, store: CustomerStore) -> None:
        self._store = store

    def register(self, server: FastMCP) -> None:
        """Offer these tools."""
        add_look_up_tool(server, self.get_effect)

    def get_effect(self, idempotency_key: IdempotencyKey) -> EffectRow | None:
        """The ledger row of an effect, or null when nothing was done under this key."""
        return self._store.effect(idempotency_key)
