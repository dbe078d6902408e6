"""What a reversal does. The store decides whether it is still possible, in its transaction. Pure."""

from contracts.effect import Effect
from contracts.ids import reversal_key
from contracts.reversal import Reversal


def planned_reversal(reversal: Reversal) -> Effect:
    """The effect of a reversal, pending, under `{case_id}:{action}:{customer_id}:{n}`, n being the request's number."""
    key = reversal_key(reversal.case_id, reversal.action, reversal.undoes, reversal.reversal_id)
    return Effect(key=key, action=reversal.action, status="pending")
