"""Telemetry, detection, tools and rules agree: each planted fraud scores high, each innocent look-alike low.

In one process: the simulator plays the customers that the tool server exports, detection raises the alerts, and the
rules model investigates them with the real tools.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastmcp import Client

from backend.detection import Detector
from contracts.alert import Alert
from local.model.assistant import respond
from local.model.request import parse_request
from local.telemetry.profiles import Profile, Story, read_profiles
from local.telemetry.simulator import EVENTS_PER_STORY, Simulator
from mcp_server.contoso.generator import generate
from mcp_server.server import build_server
from mcp_server.store.sqlite.store import SqliteCustomerStore
from screening.rule_floor import objections
from screening.tool_answers import Answers, ToolAnswer
from tests.support.tool_access import OPEN

AS_OF = datetime(2026, 5, 4, 12, tzinfo=UTC)
STORIES_PLAYED = 50
THRESHOLD = 0.6
LEAST_BENIGN = 0.8
"""Of the innocent look-alikes."""
TOOLS: Mapping[str, tuple[str, ...]] = {
    "usage": ("get_customer", "get_subscriptions", "get_data_usage", "get_support_tickets", "search_knowledge_base"),
    "location": ("get_customer", "get_security_logs", "get_orders", "get_subscriptions", "get_support_tickets"),
    "billing": (
        "get_customer",
        "get_billing_summary",
        "get_recent_charges",
        "get_invoices",
        "get_orders",
        "get_support_tickets",
    ),
}
MAX_TURNS = 4


@dataclass(frozen=True)
class Judged:
    """An alert of a story, what each specialist made of it, and all that they read."""

    story: Story
    alert: Alert
    verdicts: dict[str, dict[str, Any]]
    answers: Answers


async def investigate(
    client: Client[Any], tools: Mapping[str, Any], alert: Alert, part: str, read: list[ToolAnswer]
) -> dict[str, Any]:
    """The verdict of one specialist, after as many tool calls as it asks for; `read` keeps what they bring."""
    block = {"case_id": f"case-{alert.alert_id}", "round": 1, "specialist": part, "customer_id": alert.customer_id}
    block |= {"alert": alert.model_dump(mode="json"), "memory": []}
    messages: list[Any] = [{"role": "user", "content": f"```json casewright-case\n{json.dumps(block)}\n```\n"}]
    body = {"model": "m", "messages": messages, "tools": [tools[name] for name in TOOLS[part]]}
    for _ in range(MAX_TURNS):
        turn = respond(parse_request(json.dumps(body).encode())).turn
        if turn.text is not None:
            return json.loads(turn.text)
        calls: list[dict[str, Any]] = [
            {"id": f"c{len(messages)}-{n}", "function": {"name": call.name, "arguments": call.arguments}}
            for n, call in enumerate(turn.tool_calls)
        ]
        messages.append({"role": "assistant", "content": None, "tool_calls": calls})
        for call in calls:
            name, arguments = call["function"]["name"], json.loads(call["function"]["arguments"])
            result = await client.call_tool(name, arguments)
            content: dict[str, Any] = {"evidence_id": f"r1-{part}-{name}", "tool": name, "ok": True}
            content["data"] = result.structured_content
            read.append(ToolAnswer(name, content["evidence_id"], content["data"], arguments=arguments))
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": json.dumps(content)})
    raise AssertionError(f"{part} kept asking for tools.")


def raise_alerts(profiles: tuple[Profile, ...]) -> list[Alert]:
    """The alerts of a feed in which every story is played."""
    simulator, detector = Simulator(profiles, seed=1, start=AS_OF), Detector()
    for event in simulator.history():
        assert detector.alerts(event) == (), "the history is ordinary"
    alerts: list[Alert] = []
    for second in range(STORIES_PLAYED * EVENTS_PER_STORY):
        alerts += detector.alerts(simulator.next_event(AS_OF + timedelta(seconds=second)))
    return alerts


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> list[Judged]:
    """Every alert of the feed with its story and the three verdicts."""
    folder: Path = tmp_path_factory.mktemp("stories")
    dataset = generate(7, AS_OF)
    exported = folder / "profiles.jsonl"
    lines = (records.telemetry.model_dump_json() for records in dataset.customers if records.telemetry)
    exported.write_text("\n".join(lines))
    profiles = read_profiles(exported)
    stories = {profile.customer_id: profile.story for profile in profiles}

    async def judge_all() -> list[Judged]:
        after_all = AS_OF + timedelta(seconds=STORIES_PLAYED * EVENTS_PER_STORY)
        store = SqliteCustomerStore(folder / "customers.db", lambda: dataset, clock=lambda: after_all)
        found: list[Judged] = []
        async with Client(build_server(store, OPEN)) as client:
            tools = {
                tool.name: {"type": "function", "function": {"name": tool.name, "parameters": tool.input_schema}}
                for tool in await client.list_tools()
            }
            for alert in raise_alerts(profiles):
                story = stories[alert.customer_id]
                assert story is not None, f"an ordinary customer raised {alert.alert_type}"
                read: list[ToolAnswer] = []
                verdicts = {part: await investigate(client, tools, alert, part, read) for part in TOOLS}
                found.append(Judged(story, alert, verdicts, Answers(tuple(read))))
        store.close()
        return found

    return asyncio.run(judge_all())


def test_every_kind_of_story_raises_alerts(judged: list[Judged]):
    assert {each.story.kind for each in judged} == {
        "account_takeover",
        "stolen_card",
        "sim_swap",
        "subscription_abuse",
        "data_resale",
        "travel",
        "new_device",
        "gift_season",
        "family_plan",
        "streaming_binge",
        "forgotten_password",
    }


def test_frauds_score_high_and_look_alikes_low(judged: list[Judged]):
    wrong = [
        (each.story.kind, each.alert.alert_type, {part: said["risk_score"] for part, said in each.verdicts.items()})
        for each in judged
        if any(not verdict["evaluable"] for verdict in each.verdicts.values())
        or (max(verdict["risk_score"] for verdict in each.verdicts.values()) >= THRESHOLD) is not each.story.fraud
    ]
    assert wrong == []


def test_only_the_charges_of_a_fraud_are_found(judged: list[Judged]):
    for each in judged:
        expected = {charge.charge_id for charge in each.story.charges} if each.story.fraud else set[str]()
        assert set(each.verdicts["billing"]["suspicious_charge_ids"]) == expected, each.story.kind


def test_rules_find_look_alikes_benign_and_no_fraud(judged: list[Judged]):
    benign = [each for each in judged if not objections((each.alert,), each.answers, THRESHOLD)]
    assert not any(each.story.fraud for each in benign)
    assert len(benign) >= LEAST_BENIGN * sum(not each.story.fraud for each in judged)
