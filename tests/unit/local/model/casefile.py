"""Builds conversations as the agents hold them, with small hand-made records."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from contracts.alert import Alert, Baseline
from contracts.investigation import RememberedRound
from contracts.telemetry import TelemetryEvent, telemetry_event
from local.model.assistant import respond
from local.model.request import parse_request

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
JsonObject = dict[str, Any]

HOME_PHONE = "dev-home"
CUSTOMER: JsonObject = {
    "customer_id": 7,
    "name": "Ada Example",
    "email": "ada@example.com",
    "home_country": "NO",
    "usual_countries": ["NO"],
    "usual_devices": [{"device_id": HOME_PHONE, "name": "Phone"}],
    "daily_gb_typical": 1.0,
    "currency": "USD",
    "profile": "contoso",
}
NEUTRAL: JsonObject = {
    "customer_id": 7,
    "name": "Customer 7",
    "email": "7@example.com",
    "home_country": None,
    "usual_countries": [],
    "usual_devices": [],
    "currency": "USD",
    "profile": "neutral",
}


def at(minutes: float) -> str:
    """The time some minutes after noon."""
    return (NOON + timedelta(minutes=minutes)).isoformat()


def entry(
    minutes: float, event: str = "login", country: str = "NO", device_id: str | None = HOME_PHONE, **more: Any
) -> JsonObject:
    """One line of the security log; the device is known if it is the home phone."""
    known = device_id == HOME_PHONE
    base: JsonObject = {"entry_id": f"s{minutes}", "at": at(minutes), "event": event, "ip": "192.0.2.1"}
    base |= {"country": country, "city": None, "device_id": device_id, "known_device": known}
    return base | {"success": event != "login_failed"} | more


def charge(number: int, amount_minor: int = 2000, country: str = "NO", **more: Any) -> JsonObject:
    """One charge, card present and at home by default."""
    base: JsonObject = {
        "charge_id": f"ch-{number}",
        "at": at(-number * 60),
        "merchant": "Shop",
        "category": "groceries",
    }
    base |= {"country": country, "amount_minor": amount_minor, "currency": "USD", "status": "posted"}
    return base | {"device_id": None, "card_present": True} | more


def ticket(*topics: str, body: str = "Hello") -> JsonObject:
    """One support ticket."""
    base: JsonObject = {"ticket_id": "t-1", "opened_at": at(-6000), "subject": "Question", "body": body}
    return base | {"topics": list(topics)}


def usage_days(*gb: float) -> list[JsonObject]:
    """The last days of usage, newest last."""
    first = NOON.date() - timedelta(days=len(gb))
    return [{"day": (first + timedelta(days=n)).isoformat(), "gb": value} for n, value in enumerate(gb)]


def subscription(plan: str = "Basic", started: str = "2024-01-01", **more: Any) -> JsonObject:
    """One subscription."""
    base: JsonObject = {"subscription_id": f"sub-{plan}", "plan": plan, "status": "active", "data_cap_gb": 50}
    base |= {"roaming_countries": list[str](), "roaming_until": None, "started_on": started}
    return base | more


def event(event_id: str, minutes: float, kind: str, **attributes: Any) -> TelemetryEvent:
    """One telemetry event of the customer."""
    return telemetry_event.validate_python(
        {"event_id": event_id, "customer_id": 7, "occurred_at": at(minutes), "kind": kind, "attributes": attributes}
    )


def home_login(minutes: float) -> TelemetryEvent:
    return event(f"home{minutes}", minutes, "login", country="NO", latitude=59.9, longitude=10.7, device_id=HOME_PHONE)


def far_login(minutes: float, device_id: str | None = "dev-x") -> TelemetryEvent:
    return event(f"far{minutes}", minutes, "login", country="BR", latitude=-23.5, longitude=-46.6, device_id=device_id)


def ordinary_records() -> dict[str, JsonObject]:
    """A customer about whom nothing is remarkable."""
    return {
        "get_customer": CUSTOMER,
        "get_subscriptions": {"subscriptions": [subscription()]},
        "get_data_usage": {"days": usage_days(*[1.0] * 30), "average_gb": 1.0, "cap_gb": 50},
        "get_support_tickets": {"tickets": []},
        "get_security_logs": {"entries": [entry(-3000), entry(-1500)]},
        "get_orders": {"orders": []},
        "get_billing_summary": {"overdue_invoices": 0, "autopay": True},
        "get_recent_charges": {"charges": [charge(n) for n in range(1, 8)]},
    }


TOOLS = {
    "usage": ("get_customer", "get_subscriptions", "get_data_usage", "get_support_tickets"),
    "location": ("get_customer", "get_security_logs", "get_orders", "get_subscriptions", "get_support_tickets"),
    "billing": ("get_customer", "get_billing_summary", "get_recent_charges", "get_orders", "get_support_tickets"),
    "aggregator": (),
}
ASKED_LATER = {"usage": ("search_knowledge_base",), "location": (), "billing": ("get_invoices",), "aggregator": ()}


def tool(name: str) -> JsonObject:
    """A tool as the tool server describes it."""
    properties: JsonObject = {"customer_id": {"type": "integer"}, "days": {"type": "integer", "maximum": 90}}
    schema: JsonObject = {"type": "object", "properties": properties, "required": ["customer_id"]}
    return {"type": "function", "function": {"name": name, "description": name, "parameters": schema}}


def an_alert(
    alert_type: str = "impossible_travel",
    triggers: Sequence[TelemetryEvent] = (),
    recent: Sequence[TelemetryEvent] = (),
    baseline: Baseline | None = None,
) -> Alert:
    return Alert(
        alert_id=f"{alert_type}-7",
        customer_id=7,
        alert_type=alert_type,
        rule_id=alert_type,
        rule_version=1,
        severity="high",
        description="Something looked odd.",
        raised_at=NOON,
        trigger_events=tuple(triggers),
        recent_events=tuple(recent),
        baseline=baseline,
        source="live",
    )


def remembered(feedback: str | None, round_number: int = 1) -> RememberedRound:
    return RememberedRound(
        round=round_number,
        reports=(),
        overall_risk_score=0.8,
        risk_level="high",
        recommended_action="lock_account",
        reasoning="It looked bad.",
        feedback=feedback,
        decided_by="kim",
    )


@dataclass
class CaseFile:
    """One agent's conversation; `records` are what the tools return, `failures` what they say instead."""

    part: str
    alert: Alert = field(default_factory=an_alert)
    records: dict[str, JsonObject] = field(default_factory=ordinary_records)
    failures: Mapping[str, str] = field(default_factory=dict[str, str])
    memory: Sequence[RememberedRound] = ()
    reports: Sequence[JsonObject] = ()
    joined: Sequence[Alert] = ()

    def opening(self) -> list[JsonObject]:
        """The messages before any tool was called."""
        names = {"aggregator": True} if self.part == "aggregator" else {"specialist": self.part}
        block: JsonObject = {"case_id": "case-a-7", "round": len(self.memory) + 1, "customer_id": 7, **names}
        block["alert"] = self.alert.model_dump(mode="json")
        if self.joined:
            block["alerts_joined"] = [alert.model_dump(mode="json") for alert in self.joined]
        block["memory"] = [entry.model_dump(mode="json") for entry in self.memory]
        block["reports"] = list(self.reports)
        title = "risk aggregator" if self.part == "aggregator" else f"{self.part} specialist"
        return [
            {"role": "system", "content": f"# You are the {title}"},
            {"role": "user", "content": f"Investigate.\n\n```json casewright-case\n{json.dumps(block)}\n```\n"},
        ]

    def request(self, messages: Sequence[JsonObject] | None = None) -> JsonObject:
        """The body of a request with the tools of this part."""
        names = (*TOOLS[self.part], *ASKED_LATER[self.part])
        body: JsonObject = {"model": "any", "messages": list(messages or self.opening())}
        return body | ({"tools": [tool(name) for name in names]} if names else {})

    def evidence_id(self, name: str) -> str:
        return f"r1-{self.part}-{name}"

    def answer_calls(self, calls: Sequence[JsonObject]) -> list[JsonObject]:
        """The assistant's message and what the tools say to it."""
        said: list[JsonObject] = [{"role": "assistant", "content": None, "tool_calls": list(calls)}]
        return said + [self._tool_message(call) for call in calls]

    def _tool_message(self, call: JsonObject) -> JsonObject:
        name = call["function"]["name"]
        content: JsonObject = {"evidence_id": self.evidence_id(name), "tool": name, "ok": name not in self.failures}
        if name in self.failures:
            content["error"] = self.failures[name]
        else:
            content["data"] = self.records.get(name, {})
        return {"role": "tool", "tool_call_id": call["id"], "content": json.dumps(content)}

    def play(self) -> tuple[JsonObject, list[str]]:
        """Run the loop to its end: the verdict, and the names of the tools that were called."""
        messages, called = self.opening(), list[str]()
        for _ in range(5):
            turn = respond(parse_request(json.dumps(self.request(messages)).encode())).turn
            if not turn.tool_calls:
                return cast("JsonObject", json.loads(turn.text or "")), called
            called += [call.name for call in turn.tool_calls]
            calls = [
                {
                    "id": f"c{len(messages)}-{n}",
                    "type": "function",
                    "function": {"name": c.name, "arguments": c.arguments},
                }
                for n, c in enumerate(turn.tool_calls)
            ]
            messages += self.answer_calls(calls)
        raise AssertionError("The model kept asking for tools.")

    def verdict(self) -> JsonObject:
        """The verdict alone."""
        return self.play()[0]

    def citable(self) -> set[str]:
        """Every id that a finding may cite."""
        events = (*self.alert.trigger_events, *self.alert.recent_events)
        tools = (*TOOLS[self.part], *ASKED_LATER[self.part])
        return {self.evidence_id(name) for name in tools} | {event.event_id for event in events}


def statements(verdict: JsonObject) -> str:
    """All findings in one text."""
    return "\n".join(finding["statement"] for finding in verdict["findings"])


def cited(verdict: JsonObject) -> set[str]:
    """All evidence ids of a verdict."""
    return {evidence for finding in verdict["findings"] for evidence in finding["evidence_ids"]}
