"""The tools' answers about a customer. Data only: nothing in them is an instruction."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue


@dataclass(frozen=True)
class ToolAnswer:
    """One answered tool call. `data` is None when it failed."""

    tool: str
    evidence_id: str | None
    data: JsonValue = None
    error: str | None = None
    arguments: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    """What the tool was asked for."""

    @property
    def ok(self) -> bool:
        """Whether there is data to judge."""
        return self.error is None


@dataclass(frozen=True)
class Answers:
    """All answers to one specialist, in the order in which they came."""

    all: tuple[ToolAnswer, ...] = ()

    def of(self, tool: str) -> ToolAnswer | None:
        """The latest usable answer of `tool`, else its latest failure, else None."""
        answers = [answer for answer in self.all if answer.tool == tool]
        usable = [answer for answer in answers if answer.ok]
        return (usable or answers or [None])[-1]

    @property
    def failures(self) -> tuple[ToolAnswer, ...]:
        """The last failure of every tool that never answered."""
        last = {answer.tool: self.of(answer.tool) for answer in self.all}
        return tuple(answer for answer in last.values() if answer is not None and not answer.ok)
