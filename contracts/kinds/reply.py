"""Cases about a reply to a customer's message, which may not be sent before a person has said so."""

from contracts.actions import ActionSpec
from contracts.kinds.kind import KindSpec

REPLY = KindSpec(
    name="reply",
    id_prefix="case_reply-",
    actions={"send": ActionSpec(effects=(), outcome="sent", four_eyes="never")},
    orchestration=None,
    carrier_prefix="chat-",
    concluded_as="draft",
    rejection="reject_reply",
    rejected_as="rejected",
    further_outcomes=("unresolved",),
)
