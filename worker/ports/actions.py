"""The port for effects in the customer store. Only activities with effects have it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from pydantic import JsonValue

from contracts.actions import EffectAction, ReversalAction
from contracts.base import Contract
from contracts.money import Money


class ActionRefused(Exception):
    """The store will not do it, however often it is asked: the message is its own sentence."""


class ActionsUnavailable(Exception):
    """The store could not be reached or did not answer: whether the effect happened is not known yet."""


class MayNotWrite(ActionsUnavailable):
    """The store does not let this worker ask: nothing happened, and the store has said nothing of the action."""


class NotGranted(MayNotWrite):
    """The store has no proof yet that people approved exactly this: nothing happened, and it is asked again."""


class LedgerEntry(Contract):
    """What the store did under one key."""

    action: str
    """The store's own name for it: that of its tool."""
    customer_id: int
    result: dict[str, JsonValue]
    """Its first answer."""


class ActionGateway(Protocol):
    """Makes effects happen, each at most once per key.

    After ActionsUnavailable nobody knows whether it happened: read the ledger before asking again, and ask with the
    same key. Every method raises it.
    """

    def look_up(self, key: str) -> LedgerEntry | None:
        """What was done under this key, or None when nothing has been done yet."""
        ...

    def perform(
        self,
        action: EffectAction,
        *,
        customer_id: int,
        key: str,
        reason: str,
        charge_ids: Sequence[str] = (),
        expected_total: Sequence[Money] | None = None,
        amounts: Mapping[str, int] | None = None,
        grant: str | None = None,
    ) -> dict[str, JsonValue]:
        """Do it, or return the first result if `key` has been done before. Raises ActionRefused.

        `expected_total`: refund only if the charges add up to this, one amount per currency. `amounts`: how much of
        each charge, in its minor units; None: all that is left of it. `grant`: what the backend signed for this effect.
        """
        ...

    def reverse(
        self,
        action: ReversalAction,
        *,
        customer_id: int,
        undoes: str,
        key: str,
        reason: str,
        grant: str | None = None,
    ) -> dict[str, JsonValue]:
        """Reverse the effect made under the key `undoes`, and no other. Raises ActionRefused."""
        ...
