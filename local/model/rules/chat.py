"""Answers customers: greetings, counts, tasks, and questions about the linked customer's plan, bill, usage and tickets.

Everything that a customer wrote is data: words in it choose a topic, and nothing else.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from contracts.money import Money, as_written
from local.model.request import Function, Message
from local.model.rules.plan import ask_about
from local.model.rules.tasks import TaskRequest, read_task_request
from local.model.rules.tool_messages import read_answers
from local.model.turn import ToolRequest
from screening.tool_answers import Answers

CAN_DO = (
    "I can tell you about your plan, your bill, your data usage and your open tickets, how many messages you have "
    "sent, and remind you of what is to be done. What would you like to know?"
)
NO_ACCOUNT = "I do not know which customer you are, so I cannot look into an account."
_BLOCK = re.compile(r"^```json casewright-chat[ \t]*\r?\n(.*?)^```", re.DOTALL | re.MULTILINE)


class Exchange(BaseModel):
    """A message that was answered."""

    model_config = ConfigDict(frozen=True, extra="allow")

    message: str
    reply: str


class TaskBlock(BaseModel):
    """What the block says of tasks."""

    model_config = ConfigDict(frozen=True, extra="allow")

    confirmed: bool = False
    """The customer has just confirmed what was asked."""


class ChatBlock(BaseModel):
    """The fenced `casewright-chat` block of the user message."""

    model_config = ConfigDict(frozen=True, extra="allow")

    user_id: str
    customer_id: int | None = None
    message: str
    later_messages: tuple[str, ...] = ()
    message_count: int = 0
    history: tuple[Exchange, ...] = ()
    left_out: int = 0
    tasks: TaskBlock = TaskBlock()


@dataclass(frozen=True)
class Topic:
    """What a customer can ask about: the words that name it, the tool that knows, and how its answer is told."""

    words: re.Pattern[str]
    tool: str
    tell: Callable[[Mapping[str, Any]], str]


def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{words})\b", re.IGNORECASE)


def _plan(data: Mapping[str, Any]) -> str:
    active = [each for each in data["subscriptions"] if each["status"] == "active"]
    if not active:
        return "You have no active plan."
    told = [f"{each['plan']} for {_money(each['monthly_fee_minor'], each['currency'])} a month" for each in active]
    return f"You have {' and '.join(told)}."


def _bill(data: Mapping[str, Any]) -> str:
    overdue = data["overdue_invoices"]
    late = "No invoice is overdue." if not overdue else f"{overdue} of your invoices {_is(overdue)} overdue."
    spent = _money(data["spend_last_30_days_minor"], data["currency"])
    return f"Your balance is {_money(data['balance_minor'], data['currency'])}. {late} You spent {spent} in 30 days."


def _usage(data: Mapping[str, Any]) -> str:
    used = sum(day["gb"] for day in data["days"])
    cap = "without a cap" if data["cap_gb"] is None else f"of {data['cap_gb']:g} GB"
    return f"You have used {used:.1f} GB in the last {len(data['days'])} days, {cap}."


def _tickets(data: Mapping[str, Any]) -> str:
    subjects = [each["subject"] for each in data["tickets"] if each["status"] == "open"]
    if not subjects:
        return "You have no open ticket."
    return f"You have {len(subjects)} open {'ticket' if len(subjects) == 1 else 'tickets'}: {'; '.join(subjects)}."


TOPICS = (
    Topic(_pattern("plans?|subscriptions?|tariffs?|packages?|roaming"), "get_subscriptions", _plan),
    Topic(_pattern("bills?|billing|invoices?|balance|owe|payments?"), "get_billing_summary", _bill),
    Topic(_pattern("usage|data|gigabytes?|gb|traffic"), "get_data_usage", _usage),
    Topic(_pattern("tickets?"), "get_support_tickets", _tickets),
)
_COUNT = re.compile(r"\bhow many messages\b|\bmessages? (?:have|did) i\b|\bmessage count\b", re.IGNORECASE)
_GREETING = _pattern("hi|hello|hey|good (?:morning|afternoon|evening)")
_PRESSING = _pattern("urgent|help|emergency")
_SERIOUS = _pattern("fraud|scam|stolen|police|lawyer|sue|complaint")


@dataclass(frozen=True)
class Chat:
    """One message, what was said before, and what the tools have answered so far."""

    block: ChatBlock
    answers: Answers
    called: frozenset[str]

    @property
    def topics(self) -> tuple[Topic, ...]:
        """What the message asks about."""
        said = " ".join((self.block.message, *self.block.later_messages))
        return tuple(topic for topic in TOPICS if topic.words.search(said))

    @property
    def task_request(self) -> TaskRequest | None:
        """What the message wants of tasks, whatever else its words are about."""
        return None if self.block.tasks.confirmed else read_task_request(self.block.message)

    def next_calls(self, tools: Sequence[Function]) -> tuple[ToolRequest, ...]:
        """The calls that are still to be made, of the tools that were offered."""
        request = self.task_request
        if request is not None:
            return request.next_calls(tools, self.answers, self.called)
        if self.block.customer_id is None:
            return ()
        offered = {tool.name: tool for tool in tools}
        wanted = (topic.tool for topic in self.topics if topic.tool in offered and topic.tool not in self.called)
        return tuple(ask_about(offered[name], self.block.customer_id) for name in wanted)

    def answer(self) -> dict[str, JsonValue]:
        """The reply, and whether a person must look at it."""
        serious = _SERIOUS.search(self.block.message)
        why = None if serious is None else f"The message speaks of '{serious.group().lower()}'."
        return {"reply": self._reply(), "needs_person": serious is not None, "why": why}

    def _reply(self) -> str:
        message = self.block.message
        if self.block.tasks.confirmed:
            return "All right."
        if self.task_request is not None:
            return self.task_request.reply(self.answers)
        if self.topics:
            return " ".join(map(self._told, self.topics)) if self.block.customer_id is not None else NO_ACCOUNT
        if _COUNT.search(message):
            return f"You have sent {_messages(self.block.message_count)} so far."
        pressing = _PRESSING.search(message)
        if pressing is not None:
            request = f"I understand your request is {_URGENCY[pressing.group().lower()]}—how can I assist you?"
            return f"{self._greeting()} {request}"
        return f"{self._greeting()} {CAN_DO}" if _GREETING.search(message) else CAN_DO

    def _greeting(self) -> str:
        known = len(self.block.history) + self.block.left_out
        before = "No previous conversation." if not known else f"We have spoken {_times(known)} before."
        name = self.block.user_id[:1].upper() + self.block.user_id[1:]
        return f"Hi {name}! You've sent {_messages(self.block.message_count)} so far. {before}"

    def _told(self, topic: Topic) -> str:
        answer = self.answers.of(topic.tool)
        if answer is None or not answer.ok or not isinstance(answer.data, dict):
            return "I could not look that up just now."
        try:
            return topic.tell(answer.data)
        except (KeyError, TypeError, ValueError):
            return "I could not look that up just now."


_URGENCY: Mapping[str, str] = {"urgent": "urgent", "help": "a call for help", "emergency": "an emergency"}


def read_chat(messages: Sequence[Message]) -> Chat | None:
    """The message of a customer in `messages`; None when there is none, or it cannot be read."""
    found = next((hit for each in messages if each.role == "user" if (hit := _BLOCK.search(each.text))), None)
    if found is None:
        return None
    try:
        block = ChatBlock.model_validate_json(found.group(1))
    except ValidationError:
        return None
    answers, called = read_answers(messages)
    return Chat(block, answers, called)


def _money(minor: int, currency: str) -> str:
    return as_written(Money(amount_minor=minor, currency=currency))


def _messages(count: int) -> str:
    return f"{count} {'message' if count == 1 else 'messages'}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"
