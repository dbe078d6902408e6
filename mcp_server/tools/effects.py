"""The ledger: the effect under a key, and the orders that an account is subject to."""

from fastmcp import FastMCP

from mcp_server.records.effect import AccountEffects, EffectRow
from mcp_server.store.customer_store import CustomerStore
from mcp_server.tools.arguments import CustomerIdArgument, IdempotencyKey
from mcp_server.tools.registration import add_look_up_tool, add_read_tool


class EffectTools:
    """The effect ledger."""

    def __init__(self, store: CustomerStore) -> None:
        self._store = store

    def register(self, server: FastMCP) -> None:
        """Offer these tools."""
        add_look_up_tool(server, self.get_effect)
        add_read_tool(server, self.get_account_effects)

    def get_effect(self, idempotency_key: IdempotencyKey) -> EffectRow | None:
        """The ledger row of an effect, or null when nothing was done under this key."""
        return self._store.effect(idempotency_key)

    def get_account_effects(self, customer_id: CustomerIdArgument) -> AccountEffects:
        """What orders have done to an account and its charges: active locks and refunds, each with who and when."""
        return self._store.account_effects(customer_id)
