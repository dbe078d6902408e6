"""All tools through an MCP client, as an agent calls them."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fastmcp import FastMCP

from contracts import actions
from contracts.actions import EFFECTS, REVERSALS
from mcp_server.records.bundle import Dataset
from tests.unit.mcp_server.support import UNKNOWN, UNKNOWN_SENTENCE, call, client

SOMEBODY = 12
CHARGE = "ch-0012-001"

# Every tool, the arguments of a call, and the keys that callers rely on.
READ_TOOLS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "get_customer": (
        {"customer_id": SOMEBODY},
        {
            "customer_id", "name", "email", "segment", "status", "locked_at", "lock_reason", "home_country",
            "home_city", "home_latitude", "home_longitude", "usual_countries", "usual_devices", "customer_since",
            "monthly_spend_minor", "daily_gb_typical", "currency", "profile",
        },
    ),
    "get_customer_detail": ({"customer_id": SOMEBODY}, {"customer_id", "name", "status"}),
    "get_subscription_detail": ({"customer_id": SOMEBODY}, {"customer_id", "subscriptions"}),
    "search_customers": ({"query": "12", "limit": 3}, {"customers"}),
    "get_subscriptions": ({"customer_id": SOMEBODY}, {"customer_id", "subscriptions"}),
    "get_billing_summary": (
        {"customer_id": SOMEBODY},
        {
            "customer_id", "currency", "balance_minor", "overdue_invoices", "spend_last_30_days_minor",
            "average_monthly_spend_minor", "autopay",
        },
    ),
    "get_invoices": ({"customer_id": SOMEBODY, "limit": 2}, {"invoices"}),
    "get_orders": ({"customer_id": SOMEBODY, "limit": 5}, {"orders"}),
    "get_data_usage": ({"customer_id": SOMEBODY, "days": 7}, {"days", "average_gb", "cap_gb"}),
    "get_security_logs": ({"customer_id": SOMEBODY, "days": 90, "limit": 5}, {"entries"}),
    "get_recent_charges": ({"customer_id": SOMEBODY, "days": 90}, {"charges"}),
    "search_knowledge_base": ({"query": "roaming", "limit": 2}, {"articles"}),
    "get_support_tickets": ({"customer_id": SOMEBODY, "limit": 5}, {"tickets"}),
    "get_effect": ({"idempotency_key": "never used"}, {"result"}),
    "preview_effects": ({"customer_id": SOMEBODY, "lock": True}, {"locks", "locked_by", "refunds", "left_out"}),
    "get_account_effects": ({"customer_id": SOMEBODY}, {"status", "locks", "refunds"}),
}  # fmt: skip
ITEM_KEYS: dict[str, tuple[str, set[str]]] = {
    "get_subscriptions": (
        "subscriptions",
        {
            "subscription_id", "plan", "status", "data_cap_gb", "roaming_countries", "roaming_until",
            "monthly_fee_minor", "currency", "started_on",
        },
    ),
    "get_invoices": (
        "invoices",
        {"invoice_id", "issued_on", "due_on", "amount_minor", "currency", "status", "payments"},
    ),
    "get_data_usage": ("days", {"day", "gb", "roaming_country"}),
    "get_security_logs": (
        "entries",
        {"entry_id", "at", "event", "ip", "country", "city", "device_id", "known_device", "success"},
    ),
    "get_recent_charges": (
        "charges",
        {
            "charge_id", "at", "merchant", "category", "country", "amount_minor", "currency", "status", "device_id",
            "card_present",
        },
    ),
    "search_knowledge_base": ("articles", {"article_id", "title", "body"}),
}  # fmt: skip
WRITE_TOOLS: dict[str, dict[str, Any]] = {
    "lock_account": {"customer_id": SOMEBODY, "reason": "Reason.", "idempotency_key": "key"},
    "unlock_account": {"customer_id": SOMEBODY, "reason": "Reason.", "idempotency_key": "key"},
    "refund_charges": {
        "customer_id": SOMEBODY, "charge_ids": [CHARGE], "reason": "Reason.", "idempotency_key": "key",
    },
    "record_refund_reversal": {
        "customer_id": SOMEBODY, "refund_key": "refund", "reason": "Reason.", "idempotency_key": "key",
    },
}  # fmt: skip


def test_only_the_listed_write_tools_may_change_anything(server: FastMCP) -> None:
    async def listed() -> dict[str, bool | None]:
        async with client(server) as session:
            return {
                tool.name: tool.annotations and tool.annotations.read_only_hint for tool in await session.list_tools()
            }

    assert asyncio.run(listed()) == dict.fromkeys(READ_TOOLS, True) | dict.fromkeys(WRITE_TOOLS, False)


def test_the_catalogue_of_actions_names_the_write_tools(server: FastMCP) -> None:
    async def taken() -> dict[str, set[str]]:
        async with client(server) as session:
            return {tool.name: set(tool.input_schema["properties"]) for tool in await session.list_tools()}

    arguments = asyncio.run(taken())

    sent = {"customer_id", "reason", "idempotency_key"}
    assert set(WRITE_TOOLS) == actions.WRITE_TOOLS
    for effect in EFFECTS.values():
        assert sent <= arguments[effect.tool]
    for reversal in REVERSALS.values():
        assert sent | {reversal.undone_key} <= arguments[reversal.tool]


@pytest.mark.parametrize("tool", READ_TOOLS)
def test_a_read_tool_answers_with_the_agreed_keys(server: FastMCP, tool: str) -> None:
    arguments, keys = READ_TOOLS[tool]

    answer = call(server, tool, arguments=arguments)

    assert answer.ok, answer.error
    assert keys <= set(answer.data)


@pytest.mark.parametrize("tool", ITEM_KEYS)
def test_an_item_of_a_list_has_the_agreed_keys(server: FastMCP, tool: str) -> None:
    name, keys = ITEM_KEYS[tool]

    items = call(server, tool, arguments=READ_TOOLS[tool][0]).data[name]

    assert items
    assert all(keys <= set(item) for item in items)


def test_orders_and_tickets_have_the_agreed_keys(server: FastMCP, dataset: Dataset) -> None:
    buyer = next(records.customer.customer_id for records in dataset.customers if records.orders and records.tickets)

    (order, *_) = call(server, "get_orders", customer_id=buyer).data["orders"]
    (ticket, *_) = call(server, "get_support_tickets", customer_id=buyer).data["tickets"]

    assert {
        "order_id",
        "ordered_at",
        "item",
        "amount_minor",
        "currency",
        "ship_to_country",
        "device_id",
        "status",
    } <= set(order)
    assert {"ticket_id", "opened_at", "channel", "subject", "body", "status", "topics"} == set(ticket)


def test_usage_comes_with_its_mean_and_the_cap(server: FastMCP, dataset: Dataset) -> None:
    capped = next(
        records for records in dataset.customers if [line.data_cap_gb for line in records.subscriptions] == [50.0]
    )

    answer = call(server, "get_data_usage", customer_id=capped.customer.customer_id, days=7).data

    assert answer["average_gb"] == pytest.approx(sum(day["gb"] for day in answer["days"]) / 7, abs=0.001)
    assert answer["cap_gb"] == 50.0


def test_no_tool_tells_who_has_a_story(server: FastMCP) -> None:
    for tool, (arguments, _) in READ_TOOLS.items():
        assert "story" not in str(call(server, tool, arguments=arguments).data)


@pytest.mark.parametrize(
    "tool", [tool for tool, (arguments, _) in READ_TOOLS.items() if "customer_id" in arguments] + list(WRITE_TOOLS)
)
def test_unknown_customer_is_a_tool_error_of_one_sentence(server: FastMCP, tool: str) -> None:
    arguments = WRITE_TOOLS.get(tool) or READ_TOOLS[tool][0]

    answer = call(server, tool, arguments=arguments, customer_id=UNKNOWN)

    assert not answer.ok
    assert answer.error == UNKNOWN_SENTENCE


@pytest.mark.parametrize(
    ("tool", "arguments", "sentence"),
    [
        (
            "get_data_usage",
            {"customer_id": 12, "days": 0},
            "get_data_usage was called with wrong arguments (days: Input should be greater than or equal to 1).",
        ),
        (
            "get_customer",
            {"customer_id": -1},
            "get_customer was called with wrong arguments (customer_id: Input should be greater than 0).",
        ),
        (
            "refund_charges",
            {"customer_id": 12, "charge_ids": [], "reason": "Reason.", "idempotency_key": "key"},
            "refund_charges was called with wrong arguments (charge_ids: List should have at least 1 item after "
            "validation, not 0).",
        ),
    ],
)
def test_wrong_arguments_are_named_in_one_sentence(
    server: FastMCP, tool: str, arguments: dict[str, Any], sentence: str
) -> None:
    assert call(server, tool, arguments=arguments).error == sentence


@pytest.mark.parametrize("tool", WRITE_TOOLS)
def test_repeated_write_returns_the_first_result_and_says_so(server: FastMCP, tool: str) -> None:
    if tool == "record_refund_reversal":
        call(server, "refund_charges", arguments=WRITE_TOOLS["refund_charges"], idempotency_key="refund")
    first = call(server, tool, arguments=WRITE_TOOLS[tool])
    again = call(server, tool, arguments=WRITE_TOOLS[tool])
    effect = call(server, "get_effect", idempotency_key="key").data["result"]

    assert first.ok, first.error
    assert first.data["replayed"] is False
    assert again.data == first.data | {"replayed": True}
    assert (effect["action"], effect["customer_id"], effect["result"]) == (tool, SOMEBODY, first.data)


def test_key_used_for_something_else_is_a_tool_error(server: FastMCP) -> None:
    call(server, "lock_account", arguments=WRITE_TOOLS["lock_account"])

    answer = call(server, "unlock_account", arguments=WRITE_TOOLS["unlock_account"])

    assert answer.error.startswith("The idempotency key 'key' was already used for lock_account with other arguments")
    assert call(server, "get_customer", customer_id=SOMEBODY).data["status"] == "locked"


def test_a_second_refund_is_a_tool_error(server: FastMCP) -> None:
    call(server, "refund_charges", arguments=WRITE_TOOLS["refund_charges"])

    answer = call(server, "refund_charges", arguments=WRITE_TOOLS["refund_charges"], idempotency_key="other")

    assert answer.error.startswith(
        f"Charge {CHARGE} was already refunded at 2026-03-15T13:30:00Z by an order of no case"
    )


def test_reversing_a_refund_never_made_is_tool_error(server: FastMCP) -> None:
    answer = call(server, "record_refund_reversal", arguments=WRITE_TOOLS["record_refund_reversal"])

    assert answer.error == (
        f"No refund was made to customer {SOMEBODY} under the key 'refund': nothing was recorded, check the key."
    )


def test_write_that_waits_for_disk_keeps_nobody_else_waiting(server: FastMCP, store_path: Path) -> None:
    async def lock_while_reading(holder: sqlite3.Connection) -> tuple[bool, str]:
        async with client(server) as session:
            write = asyncio.create_task(session.call_tool("lock_account", WRITE_TOOLS["lock_account"]))
            reads = [session.call_tool("get_customer", {"customer_id": number}) for number in range(1, 9)]
            await asyncio.gather(*reads)
            waiting = not write.done()
            holder.rollback()
            result = (await write).structured_content
            assert result
            return waiting, result["status"]

    with closing(sqlite3.connect(store_path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")

        assert asyncio.run(lock_while_reading(holder)) == (True, "locked")


def test_many_concurrent_calls_with_one_key_have_one_effect(server: FastMCP) -> None:
    async def all_at_once() -> list[bool]:
        async with client(server) as session:
            calls = [session.call_tool("refund_charges", WRITE_TOOLS["refund_charges"]) for _ in range(20)]
            return [(result.structured_content or {})["replayed"] for result in await asyncio.gather(*calls)]

    assert sorted(asyncio.run(all_at_once())) == [False] + [True] * 19
