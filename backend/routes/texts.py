"""Texts that must say something."""

from typing import Annotated

from pydantic import AfterValidator

from contracts.model import NonEmptyText


def says_why(text: str) -> str:
    """The text. Raises ValueError for nothing but blanks."""
    if not text.strip():
        raise ValueError("say why")
    return text


Why = Annotated[NonEmptyText, AfterValidator(says_why)]
"""A reason that others will read."""
