"""What a reversal does. The store decides whether it is still possible, in its transaction. Pure."""

from contracts.effect import Effect
from contracts.reversal import Reversal
from worker.domain.facts import customer_of


def planned_reversal(reversal: Reversal) -> Effect:
    """The effect of a reversal, pending, under `{case_id}:{action}:{customer_id}:{n}`, n being the request's number."""
    number = reversal.reversal_id.rsplit(":", 1)[-1]
    key = f"{reversal.case_id}:{reversal.action}:{customer_of(reversal.undoes)}:{number}"
    return Effect(key=key, action=reversal.action, status="pending")


def reason_for_reversal(reversal: Reversal) -> str:
    """What the customer store keeps as the reason; the same however often it is asked."""
    return (
        f"{reversal.case_id}: {reversal.reversal_id}, requested by {reversal.requested_by}, "
        f"approved by {reversal.decided_by or 'nobody'}"
    )
