"""The calls of the customer store's write tools: what is approved is granted, and sent, as exactly one of these."""

from collections.abc import Mapping, Sequence

from contracts.actions import EFFECTS, REFUNDS, REVERSALS, EffectAction, ReversalAction
from contracts.base import Contract, FiniteJson
from contracts.money import Money


class WriteCall(Contract):
    """A call of a write tool: the tool and its arguments."""

    tool: str
    arguments: dict[str, FiniteJson]


def effect_call(
    action: EffectAction,
    *,
    customer_id: int,
    key: str,
    reason: str,
    charge_ids: Sequence[str] = (),
    expected_total: Sequence[Money] | None = None,
    amounts: Mapping[str, int] | None = None,
) -> WriteCall:
    """The call that makes an effect under `key`.

    `expected_total`: what the charges must add up to; `amounts`: how much of each charge, in its minor units.
    """
    more: dict[str, FiniteJson] = {}
    if action in REFUNDS:
        more["charge_ids"] = list(charge_ids)
        if expected_total is not None:
            more["expected_total"] = [total.model_dump() for total in expected_total]
        if amounts is not None:
            # Only where they were chosen: not every store refunds a part.
            more["amounts"] = dict(amounts)
    return _call(EFFECTS[action].tool, customer_id, key, reason, more)


def reversal_call(action: ReversalAction, *, customer_id: int, undoes: str, key: str, reason: str) -> WriteCall:
    """The call that reverses the effect made under the key `undoes`."""
    spec = REVERSALS[action]
    return _call(spec.tool, customer_id, key, reason, {spec.undone_key: undoes})


def _call(tool: str, customer_id: int, key: str, reason: str, more: Mapping[str, FiniteJson]) -> WriteCall:
    return WriteCall(
        tool=tool, arguments={"customer_id": customer_id, "reason": reason, "idempotency_key": key, **more}
    )
