"""Cases about a reply to a customer's message, which may not be sent before a person has said so."""

from contracts.actions import ActionSpec
from contracts.kinds.kind import KindSpec

SEND_EDITED = "send_edited"
"""Approves the reply with another text than the draft's."""
ERASED = "erased"
"""How a case ends that is open when its conversation is erased."""
_CARRIER = "chat-"

REPLY = KindSpec(
    name="reply",
    id_prefix="case_reply-",
    actions={
        "send": ActionSpec(effects=(), outcome="sent", four_eyes="never"),
        SEND_EDITED: ActionSpec(effects=(), outcome="sent", four_eyes="never"),
    },
    orchestration=None,
    carrier_prefix=_CARRIER,
    concluded_as="draft",
    rejection="reject_reply",
    rejected_as="rejected",
    further_outcomes=("unresolved", ERASED),
)


def turn_instance(turn_id: str) -> str:
    """The orchestration of a turn, which also carries the case about its reply."""
    return f"{_CARRIER}{turn_id}"
