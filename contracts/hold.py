"""A hold: a decision with an effect does not take effect at once, so that whoever decided can take it back."""

from typing import Annotated

from pydantic import Field

from contracts.base import Contract, UtcDateTime
from contracts.ids import ReviewId
from contracts.kinds import Action


class Hold(Contract):
    """A running hold. It ends with an event of its own; until then nothing of what was decided begins."""

    review_id: ReviewId
    action: Action
    """What takes effect afterwards."""
    decided_by: str
    """The only person who can take the decision back."""
    held_until: UtcDateTime
    """Always earlier than the deadline of the review."""
    seconds_left: Annotated[float, Field(ge=0)]
    """By the server's clock when this was read. 0: it takes effect any moment, and cannot be taken back any more."""
