"""What a reversal does, and when it may no longer be done. Pure."""

from collections.abc import Mapping

from pydantic import JsonValue

from contracts.effect import Effect, ReversalAction
from contracts.reversal import Reversal
from worker.domain.facts import customer_of, is_locked_by, lock_of

TOOL_OF: Mapping[ReversalAction, str] = {
    "unlock_account": "unlock_account",
    "reverse_refund": "record_refund_reversal",
}
"""What the customer store calls it."""


def planned_reversal(reversal: Reversal) -> Effect:
    """The effect of a reversal, pending, under `{case_id}:{action}:{customer_id}:{n}`, n being the request's number."""
    number = reversal.reversal_id.rsplit(":", 1)[-1]
    key = f"{reversal.case_id}:{reversal.action}:{customer_of(reversal.undoes)}:{number}"
    return Effect(key=key, action=reversal.action, status="pending")


def why_not(reversal: Reversal, customer: JsonValue) -> str | None:
    """Why what was approved can no longer be done, as the account stands; None when it can.

    Whether a refund is there to be taken back is for the store to say, in the transaction that records it.
    """
    if reversal.action != "unlock_account" or is_locked_by(reversal.case_id, customer):
        return None
    lock = lock_of(customer)
    if lock is None:
        return "The account is no longer locked: there is nothing to take back."
    return f"The account bears another lock than this case's ({lock}): nothing was changed."


def reason_for_reversal(reversal: Reversal) -> str:
    """What the customer store keeps as the reason; the same however often it is asked."""
    return (
        f"{reversal.case_id}: {reversal.reversal_id}, requested by {reversal.requested_by}, "
        f"approved by {reversal.decided_by or 'nobody'}"
    )
