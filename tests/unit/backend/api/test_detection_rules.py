"""Everybody reads the rules; managers change them, for a reason, and on what they have seen."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from casebook.detection_rules_api import DetectionRulesApi
from tests.support.casebooks import CaseBook
from tests.unit.backend.support import signed_in
from tests.unit.casebook.builders import NOON

pytestmark = pytest.mark.anyio

ANA, MARIA, ALEX = signed_in("ana"), signed_in("maria"), signed_in("alex")
RULES = "/api/detection/rules"
SPIKE = f"{RULES}/spending_spike"
WHY = "Too many false alerts."


@pytest.fixture
def record(book: CaseBook) -> DetectionRulesApi:
    return DetectionRulesApi(book.transactions)


def a_draft(revision: int = 0, **content: Any) -> dict[str, Any]:
    parameters = {"parameters": {"deviations": 4}}
    return {"revision": revision, "reason": WHY, "based_on": 1, "content": {**parameters, **content}}


async def post(client: httpx.AsyncClient, url: str, order: dict[str, Any], as_: dict[str, str] = MARIA) -> Any:
    answer = await client.post(url, json=order, headers=as_)
    return answer.json() | {"status": answer.status_code} if answer.is_error else answer.json()


async def on_spike(client: httpx.AsyncClient, verb: str, seen: int, **order: Any) -> Any:
    return await post(client, f"{SPIKE}/{verb}", {"revision": seen, "reason": WHY, **order})


async def test_rules_are_listed_as_the_release_has_them(client: httpx.AsyncClient) -> None:
    items = (await client.get(RULES, headers=ANA)).json()["items"]
    assert len(items) == 10
    (spike,) = [each for each in items if each["rule_id"] == "spending_spike"]
    assert (spike["revision"], spike["is_on"], spike["live_version"], spike["shadow_version"]) == (0, True, 1, None)
    rule = (await client.get(SPIKE, headers=ANA)).json()
    assert [(each["version"], each["mode"], each["reason"]) for each in rule["versions"]] == [
        (1, "live", "As the release has it.")
    ]
    assert {each["name"] for each in rule["fields"]} == set(rule["versions"][0]["content"]["parameters"])


async def test_learned_score_is_in_shadow_at_first(client: httpx.AsyncClient) -> None:
    score = f"{RULES}/learned_score"
    found = (await client.get(score, headers=ANA)).json()
    rule = found["rule"]
    assert (rule["is_on"], rule["shadow_version"], found["versions"][0]["mode"]) == (False, 1, "shadow")
    order = {"revision": 0, "reason": WHY, "version": 1}
    found = (await client.post(f"{score}/live", json=order, headers=MARIA)).json()
    rule = found["rule"]
    assert (rule["is_on"], rule["shadow_version"], found["versions"][0]["mode"]) == (True, None, "live")


async def test_draft_goes_into_shadow_and_live_and_back(client: httpx.AsyncClient, record: DetectionRulesApi) -> None:
    drafted = await on_spike(client, "versions", 0, **a_draft(severity="high"))
    newest = drafted["versions"][0]
    assert (newest["version"], newest["mode"], newest["created_by"], newest["reason"]) == (2, "draft", "maria", WHY)
    assert newest["changes"] == [
        {"name": "deviations", "before": 3.0, "after": 4.0},
        {"name": "severity", "before": None, "after": "high"},
    ]
    assert newest["content"]["parameters"]["min_history"] == 8
    shadowed = await on_spike(client, "shadow", 1, version=2)
    record.count_signals({("spending_spike", 2, "shadow"): 5, ("spending_spike", 1, "raised"): 2})
    assert (shadowed["rule"]["shadow_version"], shadowed["rule"]["drafts"]) == (2, 0)
    promoted = await on_spike(client, "live", 2, version=2)
    assert [each["mode"] for each in promoted["versions"]] == ["live", "retired"]
    assert (promoted["rule"]["alerts"], sum(each["count"] for each in promoted["counts"])) == (2, 7)
    rolled_back = await on_spike(client, "roll-back", 3, version=1)
    assert (rolled_back["rule"]["live_version"], rolled_back["versions"][0]["based_on"]) == (3, 1)
    switched_off = await on_spike(client, "switch", 4, is_on=False)
    assert [each["mode"] for each in switched_off["versions"]] == ["off", "retired", "retired"]
    desk = (await client.get("/api/desk-log", headers=MARIA)).json()["items"]
    assert [each["kind"] for each in desk] == [
        *["rule_drafted"] * 2,
        "rule_shadowed",
        "rule_promoted",
        "rule_drafted",
        "rule_rolled_back",
        "rule_switched_off",
    ]


async def test_shadow_counts_are_those_of_the_version_in_shadow(
    client: httpx.AsyncClient, record: DetectionRulesApi
) -> None:
    await on_spike(client, "versions", 0, **a_draft())
    await on_spike(client, "shadow", 1, version=2)
    record.count_signals({("spending_spike", 2, "shadow"): 5, ("spending_spike", 9, "shadow"): 2})
    record.count_signals({("spending_spike", 1, "snoozed"): 3})
    rule = (await client.get(SPIKE, headers=ANA)).json()["rule"]
    assert (rule["alerts"], rule["shadow_signals"], rule["snoozed_signals"]) == (0, 5, 3)
    ended = await on_spike(client, "shadow/end", 2)
    assert (ended["rule"]["shadow_signals"], ended["versions"][0]["mode"]) == (0, "retired")


async def test_second_manager_is_told_to_read_again(client: httpx.AsyncClient) -> None:
    await on_spike(client, "versions", 0, **a_draft())
    await on_spike(client, "live", 1, version=2)
    late = await post(client, f"{SPIKE}/switch", {"revision": 1, "reason": WHY, "is_on": False}, ALEX)
    assert (late["status"], late["type"]) == (409, "urn:casewright:problem:rule-changed")
    assert late["detail"] == "Rule 'spending_spike' was changed by maria since you read it: read it again."


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"parameters": {"deviations": -1}}, "content.parameters.deviations"),
        ({"parameters": {"deviations": "4"}}, "content.parameters.deviations"),
        ({"parameters": {"halo": 1}}, "content.parameters.halo"),
        ({"parameters": {"deviations": 4}, "severity": "odd"}, "content.severity"),
        ({"parameters": {"deviations": 4}, "scope": {"only_customers": [-1]}}, "content.scope.only_customers.0"),
        (
            {"parameters": {}, "scope": {"only_customers": [7, 8], "except_customers": [8]}},
            "content.scope.except_customers",
        ),
        ({"parameters": {}, "autonomy": [{"decider": "nobody"}]}, "content.autonomy.0.decider"),
        ({"parameters": {}, "autonomy": [{"decider": "two_people"}] * 13}, "content.autonomy"),
    ],
)
async def test_values_out_of_bounds_name_the_field(
    client: httpx.AsyncClient, content: dict[str, Any], field: str
) -> None:
    refused = await on_spike(client, "versions", 0, **{**a_draft(), "content": content})
    assert refused["status"] == 422
    assert [each["field"] for each in refused["errors"]] == [field]


@pytest.mark.parametrize(
    ("verb", "order", "status"),
    [
        ("versions", {**a_draft(), "reason": " "}, 422),
        ("versions", {**a_draft(), "reason": "\u200b\u202e"}, 422),
        ("versions", {**a_draft(), "based_on": 9}, 404),
        ("shadow", {"revision": 0, "reason": WHY, "version": 9}, 404),
        ("live", {"revision": 0, "reason": WHY, "version": 1}, 409),
        ("shadow/end", {"revision": 0, "reason": WHY}, 409),
        ("switch", {"revision": 0, "reason": WHY, "is_on": True}, 409),
    ],
)
async def test_refused_change_leaves_nothing_behind(
    client: httpx.AsyncClient, record: DetectionRulesApi, verb: str, order: dict[str, Any], status: int
) -> None:
    assert (await post(client, f"{SPIKE}/{verb}", order))["status"] == status
    assert (record.revision(), record.stored_rules().rules) == (0, ())


async def test_unknown_rule_is_not_found(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{RULES}/halo_effect", headers=ANA)
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no rule 'halo_effect'.")
    assert (await post(client, f"{RULES}/halo_effect/versions", a_draft()))["status"] == 404


async def test_snooze_for_ever_is_refused(client: httpx.AsyncClient, record: DetectionRulesApi) -> None:
    until = record.transactions.now() + timedelta(days=91)
    order = {"rule_id": "spending_spike", "customer_id": 7, "until": until.isoformat(), "reason": "Moves house."}
    refused = await post(client, "/api/detection/snoozes", order)
    assert refused["detail"] == "Snooze alerts until a time that is still to come, and for at most 90 days."
    assert refused["errors"][0]["field"] == "until"


@pytest.mark.parametrize("until", ["1796000000", 1796000000, "2026"])
async def test_snooze_until_a_number_is_refused(client: httpx.AsyncClient, until: object) -> None:
    order = {"rule_id": "spending_spike", "customer_id": 7, "until": until, "reason": "Moves house."}
    refused = await post(client, "/api/detection/snoozes", order)
    assert (refused["status"], refused["errors"][0]["field"]) == (422, "until")


async def test_wrong_network_is_a_fault_of_its_parameter(client: httpx.AsyncClient) -> None:
    order = {**a_draft(), "content": {"parameters": {"proxy_networks": ["203.0.113.0/99"]}}}
    refused = await post(client, f"{RULES}/impossible_travel/versions", order)
    assert [each["field"] for each in refused["errors"]] == ["content.parameters.proxy_networks"]


async def test_snooze_is_listed_until_it_is_ended(client: httpx.AsyncClient, record: DetectionRulesApi) -> None:
    until = record.transactions.now().timestamp() + 3_600
    at = NOON.fromtimestamp(until, NOON.tzinfo).isoformat()
    order = {"rule_id": "spending_spike", "customer_id": 7, "until": at, "reason": "Moves house."}
    (made,) = (await post(client, "/api/detection/snoozes", order))["items"]
    assert (made["customer_id"], made["snoozed_by"], made["reason"]) == (7, "maria", "Moves house.")
    assert (await client.get("/api/detection/snoozes", headers=ANA)).json()["items"] == [made]
    end = {"rule_id": "spending_spike", "customer_id": 7, "reason": "Moved."}
    assert (await post(client, "/api/detection/snoozes/end", end))["items"] == []
    assert (await post(client, "/api/detection/snoozes/end", end))["status"] == 404
    assert (await post(client, "/api/detection/snoozes", {**order, "rule_id": "halo_effect"}))["status"] == 404


async def test_suppressions_are_kept_as_they_are_compared(client: httpx.AsyncClient) -> None:
    list_, reason = "/api/detection/suppressions", "Our office."
    await post(client, list_, {"kind": "address", "value": " ::ffff:203.0.113.7 ", "reason": reason})
    made = await post(client, list_, {"kind": "customer", "value": "007", "reason": "A test account."})
    assert [(each["kind"], each["value"]) for each in made["items"]] == [("address", "203.0.113.7"), ("customer", "7")]
    again = await post(client, list_, {"kind": "address", "value": "203.0.113.7", "reason": reason})
    assert again["detail"] == "The address 203.0.113.7 is on the list already: maria added it."
    for kind, value in (
        ("address", "10.0.0.1"),
        ("address", "224.0.0.1"),
        ("address", "here"),
        ("customer", "ana"),
        ("customer", "0"),
    ):
        refused = await post(client, list_, {"kind": kind, "value": value, "reason": reason})
        assert (refused["status"], refused["errors"][0]["field"]) == (422, "value")
    left = await post(client, f"{list_}/remove", {"kind": "customer", "value": "7", "reason": "Closed."})
    assert [each["value"] for each in left["items"]] == ["203.0.113.7"]
    gone = await post(client, f"{list_}/remove", {"kind": "customer", "value": "7", "reason": "Closed."})
    assert gone["status"] == 404
