"""Which tools to call, and with which arguments."""

import json
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from contracts.report import Specialist
from local.model.request import Function
from local.model.rules.conversation import Conversation
from local.model.rules.feedback import Request
from local.model.schemas import plainest
from local.model.turn import ToolRequest

ALWAYS: Mapping[Specialist, tuple[str, ...]] = {
    "usage": ("get_customer", "get_subscriptions", "get_data_usage", "get_support_tickets"),
    "location": ("get_customer", "get_security_logs", "get_orders", "get_subscriptions", "get_support_tickets"),
    "billing": ("get_customer", "get_billing_summary", "get_recent_charges", "get_orders", "get_support_tickets"),
}
"""What a specialist reads whatever the alert says. Further tools are read when a reviewer asks for them."""

DAYS = 30
DAYS_FURTHER_BACK = 90
LIMIT = 50


def next_calls(
    conversation: Conversation, requests: Sequence[Request], tools: Sequence[Function]
) -> tuple[ToolRequest, ...]:
    """The calls that are still to be made, in parallel; empty when all is read. Only tools that were offered."""
    if conversation.specialist is None:
        return ()
    asked = (tool for request in requests for tool in request.tools)
    wanted = dict.fromkeys((*ALWAYS[conversation.specialist], *asked))
    offered = {tool.name: tool for tool in tools}
    return tuple(
        call_tool(offered[name], conversation, requests)
        for name in wanted
        if name in offered and name not in conversation.called
    )


def call_tool(tool: Function, conversation: Conversation | None, requests: Sequence[Request] = ()) -> ToolRequest:
    """A call of `tool` that fits its schema."""
    return _fitting(tool, _preferred(conversation, requests))


def ask_about(tool: Function, customer_id: int) -> ToolRequest:
    """A call of `tool` about a customer, outside a case."""
    return _fitting(tool, _preferred(None, ()) | {"customer_id": customer_id})


def _fitting(tool: Function, preferred: Mapping[str, JsonValue]) -> ToolRequest:
    properties = tool.parameters.get("properties")
    if not isinstance(properties, dict):
        return ToolRequest(tool.name, json.dumps(plainest(tool.parameters) or {}))
    fitting = plainest(tool.parameters)
    arguments: dict[str, JsonValue] = dict(fitting) if isinstance(fitting, dict) else {}
    for name, value in preferred.items():
        if name in properties:
            arguments[name] = _within(value, properties[name])
    return ToolRequest(tool.name, json.dumps(arguments))


def _preferred(conversation: Conversation | None, requests: Sequence[Request]) -> dict[str, JsonValue]:
    further_back = any(request.looks_further_back for request in requests)
    preferred: dict[str, JsonValue] = {"days": DAYS_FURTHER_BACK if further_back else DAYS, "limit": LIMIT}
    if conversation is not None:
        preferred["customer_id"] = conversation.case.customer_id
        preferred["query"] = conversation.case.alert.alert_type.replace("_", " ")
    return preferred


def _within(value: JsonValue, schema: JsonValue) -> JsonValue:
    """`value`, brought inside the schema's minimum and maximum."""
    if not isinstance(schema, dict) or not isinstance(value, int):
        return value
    bounds = [schema, *(entry for entry in _alternatives(schema) if isinstance(entry, dict))]
    for bound in bounds:
        most, least = bound.get("maximum"), bound.get("minimum")
        if isinstance(most, int | float):
            value = min(value, int(most))
        if isinstance(least, int | float):
            value = max(value, int(least))
    return value


def _alternatives(schema: dict[str, JsonValue]) -> list[JsonValue]:
    listed = schema.get("anyOf")
    return listed if isinstance(listed, list) else []
