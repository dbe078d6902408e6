"""The ledger: the effect under a key, and the orders that an account is subject to."""

from typing import Annotated

from fastmcp import FastMCP
from pydantic import Field

from contracts.preview import EffectPreview
from mcp_server.records.effect import AccountEffects, EffectRow
from mcp_server.store.customer_store import CustomerStore
from mcp_server.tools.arguments import CustomerIdArgument, IdempotencyKey, PreviewedCharges, RefundAmounts
from mcp_server.tools.registration import add_look_up_tool, add_read_tool


class EffectTools:
    """The effect ledger."""

    def __init__(self, store: CustomerStore) -> None:
        self._store = store

    def register(self, server: FastMCP) -> None:
        """Offer these tools."""
        add_look_up_tool(server, self.get_effect)
        add_read_tool(server, self.get_account_effects)
        add_read_tool(server, self.preview_effects)

    def get_effect(self, idempotency_key: IdempotencyKey) -> EffectRow | None:
        """The ledger row of an effect, or null when nothing was done under this key."""
        return self._store.effect(idempotency_key)

    def get_account_effects(self, customer_id: CustomerIdArgument) -> AccountEffects:
        """What orders have done to an account and its charges: active locks and refunds, each with who and when."""
        return self._store.account_effects(customer_id)

    def preview_effects(
        self,
        customer_id: CustomerIdArgument,
        lock: Annotated[bool, Field(description="Whether the account would be locked.")] = False,
        charge_ids: PreviewedCharges = (),
        amounts: RefundAmounts = None,
    ) -> EffectPreview:
        """What locking an account and refunding charges would do now. Changes nothing."""
        given = amounts or {}
        wanted = {charge_id: given.get(charge_id) for charge_id in dict.fromkeys((*charge_ids, *given))}
        return self._store.preview(customer_id, lock=lock, wanted=wanted)
