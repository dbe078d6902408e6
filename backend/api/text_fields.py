"""Text fields that must not be blank."""

from typing import Annotated

from pydantic import AfterValidator

from contracts.base import NonEmptyText
from contracts.words import says_something


def says_why(text: str) -> str:
    """The text. Raises ValueError for one in which there is nothing to see."""
    if not says_something(text):
        raise ValueError("say why")
    return text


ReasonText = Annotated[NonEmptyText, AfterValidator(says_why)]
"""A reason that others will read."""
