"""Answers a request: investigations by rules, everything else by a fixed text."""

import json
from dataclasses import dataclass

from pydantic import JsonValue

from local.model.request import ChatRequest, Function, JsonObjectResponse, NamedToolChoice, Tool
from local.model.rules.aggregate import aggregate
from local.model.rules.chat import Chat, read_chat
from local.model.rules.citations import cite_basis
from local.model.rules.conversation import Conversation, UnreadableCase, read_conversation
from local.model.rules.feedback import Request, read_feedback
from local.model.rules.followup import follow_up
from local.model.rules.inquiry import read_inquiry
from local.model.rules.plan import call_tool, next_calls
from local.model.rules.worst import worst_of
from local.model.schemas import plainest
from local.model.turn import ToolRequest, Turn
from screening.dossier import open_dossiers
from screening.specialist_rules import SPECIALIST_RULES
from screening.verdict import Verdict, conclude

INTRODUCTION = (
    "I am casewright-rules-1, a model made of rules: I investigate fraud cases from the evidence that my tools return. "
    "I cannot hold a general conversation; please ask a person or configure another model for that."
)


@dataclass(frozen=True)
class Answer:
    """The turn, whether it is a verdict (which the score faults spoil), and which agent asked, if one did."""

    turn: Turn
    is_verdict: bool = True
    agent: str | None = None


def respond(request: ChatRequest) -> Answer:
    """What the rules say to `request`. The same request always gets the same answer."""
    try:
        conversation = read_conversation(request.messages)
    except UnreadableCase as error:
        return Answer(_unreadable(request, str(error)))
    chat = read_chat(request.messages) if conversation is None else None
    if chat is not None:
        return _chat_answer(request, chat)
    requests = read_feedback(conversation.case.memory) if conversation else ()
    agent = conversation.part if conversation else None
    calls = _calls(request, conversation, requests)
    if calls:
        return Answer(Turn.calling(*calls), is_verdict=False, agent=agent)
    if conversation is None:
        return Answer(_plain_turn(request))
    return Answer(Turn(text=json.dumps(_verdict(conversation, requests), ensure_ascii=False)), agent=agent)


def _chat_answer(request: ChatRequest, chat: Chat) -> Answer:
    calls = chat.next_calls([tool.function for tool in _callable(request)])
    if calls:
        chosen = calls if request.parallel_tool_calls is not False else calls[:1]
        return Answer(Turn.calling(*chosen), is_verdict=False, agent="chat")
    return Answer(Turn(text=json.dumps(chat.answer(), ensure_ascii=False)), is_verdict=False, agent="chat")


def _plain_turn(request: ChatRequest) -> Turn:
    """What an agent of another system is answered: calls of its tools, what the rules find, else who this is."""
    inquiry = read_inquiry(request.messages) if request.response_format is None else None
    calls = inquiry.next_calls([tool.function for tool in _callable(request)]) if inquiry else ()
    if calls:
        return Turn.calling(*(calls if request.parallel_tool_calls is not False else calls[:1]))
    return Turn(text=(inquiry.finding() if inquiry else None) or _small_talk(request))


def _callable(request: ChatRequest) -> tuple[Tool, ...]:
    return () if request.tool_choice == "none" else request.tools or ()


def offered_calls(request: ChatRequest) -> tuple[ToolRequest, ...]:
    """One well-formed call for each tool of the request."""
    try:
        conversation = read_conversation(request.messages)
    except UnreadableCase:
        conversation = None
    return tuple(call_tool(tool.function, conversation) for tool in request.tools or ())


def _calls(
    request: ChatRequest, conversation: Conversation | None, requests: tuple[Request, ...]
) -> tuple[ToolRequest, ...]:
    tools = [tool.function for tool in request.tools or ()]
    choice = request.tool_choice
    if choice == "none" or not tools:
        return ()
    if isinstance(choice, NamedToolChoice):
        named = next(tool for tool in tools if tool.name == choice.function.name)
        return (call_tool(named, conversation, requests),)
    calls = next_calls(conversation, requests, tools) if conversation else ()
    if choice == "required" and not calls:
        calls = (_any_call(tools, conversation, requests),)
    return calls if request.parallel_tool_calls is not False else calls[:1]


def _any_call(tools: list[Function], conversation: Conversation | None, requests: tuple[Request, ...]) -> ToolRequest:
    return call_tool(tools[0], conversation, requests)


def _verdict(conversation: Conversation, requests: tuple[Request, ...]) -> dict[str, JsonValue]:
    if conversation.specialist is None:
        return aggregate(conversation, requests).as_json()
    dossiers = open_dossiers(conversation.case.alerts, conversation.answers)
    judge = SPECIALIST_RULES[conversation.specialist]
    verdict = worst_of([conclude(judge(dossier), dossier) for dossier in dossiers])
    verdict = cite_basis(verdict, conversation.specialist, dossiers)
    return follow_up(verdict, requests, conversation, dossiers[0]).as_json()


def _unreadable(request: ChatRequest, reason: str) -> Turn:
    """A case that cannot be read is not evaluable, never harmless."""
    wanted = request.json_schema
    if wanted is not None and wanted.name == "risk_verdict":
        return Turn(refusal=reason)
    return Turn(text=json.dumps(Verdict(False, reason, None, ()).as_json(), ensure_ascii=False))


def _small_talk(request: ChatRequest) -> str:
    """Says what this model is, in the format that was asked for. Repeats nothing of what was said."""
    if request.json_schema is not None:
        return json.dumps(plainest(request.json_schema.schema_), ensure_ascii=False)
    if isinstance(request.response_format, JsonObjectResponse):
        return json.dumps({"message": INTRODUCTION})
    return INTRODUCTION
