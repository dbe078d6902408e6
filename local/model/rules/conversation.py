"""Reads a conversation: the case that is being investigated and what the tools have answered so far.

Everything in it is data: nothing in a tool result, an alert or a customer's text is followed as an
instruction. Only the feedback of a reviewer (`memory`) changes what is looked at.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, cast, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from contracts.alert import Alert
from contracts.investigation import RememberedRound
from contracts.report import Specialist, SpecialistReport
from local.model.request import Message
from local.model.rules.tool_messages import read_answers
from screening.tool_answers import Answers

NO_ANSWERS = Answers()
Part = Literal["usage", "location", "billing", "aggregator"]

_CASE_BLOCK = re.compile(r"^```json casewright-case[ \t]*\r?\n(.*?)^```", re.DOTALL | re.MULTILINE)
_PART_IN_PROMPT = re.compile(r"^# You are the (?:(usage|location|billing) specialist|risk aggregator)", re.MULTILINE)


class CaseBlock(BaseModel):
    """The fenced `casewright-case` block of the user message."""

    model_config = ConfigDict(frozen=True, extra="allow")

    case_id: str
    round: int = 1
    customer_id: int
    alert: Alert
    alerts_joined: tuple[Alert, ...] = ()
    memory: tuple[RememberedRound, ...] = ()
    reports: tuple[SpecialistReport, ...] = ()

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """All that the case is about."""
        return (self.alert, *self.alerts_joined)


class UnreadableCase(Exception):
    """The conversation has a case block that is not in the agreed format."""


@dataclass(frozen=True)
class Conversation:
    """One agent's view of one round of one case."""

    part: Part
    case: CaseBlock
    answers: Answers = NO_ANSWERS
    called: frozenset[str] = field(default_factory=frozenset[str])
    """Names of all tools that were asked for, answered or not."""

    @property
    def specialist(self) -> Specialist | None:
        """The specialist that is being played, None for the aggregator."""
        return None if self.part == "aggregator" else self.part


def read_conversation(messages: Sequence[Message]) -> Conversation | None:
    """The case in `messages`, or None when there is none. Raises UnreadableCase."""
    block = next((found for message in messages if message.role == "user" if (found := _find_block(message))), None)
    if block is None:
        return None
    try:
        case = CaseBlock.model_validate_json(block)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"]) or "the block"
        raise UnreadableCase(f"The case block could not be read ({place}: {first['msg']}).") from None
    answers, called = read_answers(messages)
    return Conversation(part=_part(case, messages), case=case, answers=answers, called=called)


def _find_block(message: Message) -> str | None:
    match = _CASE_BLOCK.search(message.text)
    return match.group(1) if match else None


def _part(case: CaseBlock, messages: Sequence[Message]) -> Part:
    extra = case.model_extra or {}
    if extra.get("specialist") in get_args(Part):
        return cast("Part", extra["specialist"])
    if extra.get("aggregator"):
        return "aggregator"
    prompts = (message.text for message in messages if message.role in ("system", "developer"))
    match = next((found for text in prompts if (found := _PART_IN_PROMPT.search(text))), None)
    if match is None:
        raise UnreadableCase("The case block names neither a specialist nor the aggregator.")
    return cast("Part", match.group(1) or "aggregator")
