"""The way to real-world effects. Only the `execute_action` activity holds one."""

from collections.abc import Sequence
from typing import Protocol

from pydantic import JsonValue

from contracts.assessment import EffectAction


class ActionRefused(Exception):
    """The store will not do it, however often it is asked: the message is its own sentence."""


class ActionsUnavailable(Exception):
    """The store could not be reached or did not answer: whether the effect happened is not known yet."""


class ActionGateway(Protocol):
    """Makes effects happen, each at most once per key."""

    def perform(
        self, action: EffectAction, *, customer_id: int, key: str, reason: str, charge_ids: Sequence[str] = ()
    ) -> dict[str, JsonValue]:
        """Do it, or return the first result if `key` has been done before.

        Raises ActionRefused when it cannot be done, ActionsUnavailable when nobody answered: then ask again
        with the same key.
        """
        ...
