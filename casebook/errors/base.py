"""The base class of the case record's errors."""

from collections.abc import Sequence
from typing import ClassVar


class CasebookError(Exception):
    """Base of all casebook errors: an `id`, the HTTP `status` that fits, and one exact sentence."""

    id: ClassVar[str] = "casebook-error"
    status: ClassVar[int] = 500
    fields: Sequence[tuple[str, str]] = ()
    """Fields of the request and what is wrong with each."""

    @property
    def sentence(self) -> str:
        """What is wrong and, where possible, what to do."""
        return str(self)

    @property
    def public(self) -> str:
        """The same for anybody who asks: it names no file, address or user of this installation."""
        return self.sentence
