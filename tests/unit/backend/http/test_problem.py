import httpx
import pytest

from backend.wiring import Wiring
from tests.unit.backend.support import answering

pytestmark = pytest.mark.anyio

JSON = {"content-type": "application/json"}
GOOD = '{"customer_id": 7, "alert_type": "odd", "description": "x", "severity": "high"}'


async def post(client: httpx.AsyncClient, body: str | bytes) -> httpx.Response:
    return await client.post("/api/workflow/start", content=body, headers=JSON)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (GOOD.replace("7", '"7"'), "customer_id"),
        (GOOD.replace("7", "7.0"), "customer_id"),
        (GOOD.replace("7", "true"), "customer_id"),
        (GOOD.replace("7", "-7"), "customer_id"),
        (GOOD.replace("7", "9007199254740993"), "customer_id"),
        (GOOD.replace('"x"', '""'), "description"),
        (GOOD.replace('"x"', "[]"), "description"),
        (GOOD.replace('"high"', '"huge"'), "severity"),
        (GOOD.replace('"odd"', '"not a name"'), "alert_type"),
        (GOOD.replace("{", '{"extra": 1, '), "extra"),
        (GOOD.replace("{", '{"alert_id": "../etc", '), "alert_id"),
        (GOOD.replace('"x"', '" \\t "'), "description"),
        (GOOD.replace("{", '{"trigger_events": [{"kind": "nothing"}], '), "trigger_events.0.kind"),
        (GOOD.replace("{", '{"trigger_events": [{}], '), "trigger_events.0.kind"),
        (GOOD.replace("{", '{"trigger_events": [{"kind": "login"}], '), "trigger_events.0.attributes"),
        (GOOD.replace(', "severity": "high"', ""), "severity"),
        (GOOD.replace('"x"', '"\\ud800"'), "body"),
        ("null", "body"),
        ("[]", "body"),
        ("", "body"),
    ],
)
async def test_a_bad_body_is_422_and_names_the_field(client: httpx.AsyncClient, body: str, field: str) -> None:
    answer = await post(client, body)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 422
    assert field in [error["field"] for error in problem["errors"]]
    assert problem["detail"].endswith(".")


@pytest.mark.parametrize("body", ['{"customer_id": 7', "{]", b"\xff\xfe", '{"a": NaN'])
async def test_what_is_no_json_is_422(client: httpx.AsyncClient, body: str | bytes) -> None:
    answer = await post(client, body)
    assert (answer.status_code, answer.json()["id"]) == (422, "malformed-json")
    assert answer.json()["detail"].startswith("The request body is not valid JSON: ")


@pytest.mark.parametrize("body", [b'{"a": "\xff"}', "[" * 5_000, '{"customer_id": ' + "7" * 5_000 + "}"])
async def test_json_that_cannot_be_read_is_named(client: httpx.AsyncClient, body: str | bytes) -> None:
    answer = await post(client, body)
    assert (answer.status_code, answer.json()["id"]) == (422, "malformed-json")
    assert answer.json()["detail"] == (
        "The request body cannot be read: it is not JSON in UTF-8, or holds a number of more than 4,300 digits or too "
        "many brackets within each other."
    )


async def test_nan_is_no_number(client: httpx.AsyncClient) -> None:
    answer = await post(client, GOOD.replace("7", "NaN"))
    assert answer.status_code == 422


@pytest.mark.parametrize("sent_as", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
async def test_body_of_another_media_type_is_415(client: httpx.AsyncClient, sent_as: str) -> None:
    answer = await client.post("/api/workflow/start", content=GOOD, headers={"content-type": sent_as})
    assert (answer.status_code, answer.json()["id"]) == (415, "wrong-media-type")


async def test_a_body_beyond_a_mebibyte_is_413(client: httpx.AsyncClient) -> None:
    answer = await post(client, GOOD + " " * 1024 * 1024)
    assert (answer.status_code, answer.json()["id"]) == (413, "body-too-large")
    assert answer.json()["detail"] == "The request body is larger than 1,048,576 bytes: send less at once."


async def test_several_faults_are_all_named(client: httpx.AsyncClient) -> None:
    problem = (await post(client, "{}")).json()
    assert [error["field"] for error in problem["errors"]] == [
        "customer_id",
        "alert_type",
        "description",
        "severity",
    ]
    assert problem["detail"] == "customer_id: field required (3 more in 'errors')."


async def test_unknown_path_is_404_and_wrong_method_405(client: httpx.AsyncClient) -> None:
    missing = await client.get("/api/nothing")
    assert (missing.status_code, missing.json()["detail"]) == (404, "There is nothing at '/api/nothing'.")
    wrong = await client.get("/api/workflow/start")
    assert (wrong.status_code, wrong.json()["detail"]) == (405, "'/api/workflow/start' does not answer GET.")
    assert wrong.headers["allow"] == "POST"
    braces = await client.get("/api/{case_id}")
    assert (braces.status_code, braces.json()["detail"]) == (404, "There is nothing at '/api/{case_id}'.")


@pytest.mark.parametrize(("path", "allowed"), [
    ("/api/tasks/task-1", "DELETE, GET, PATCH"),
    ("/api/views/a%2Fb", "DELETE, PUT"),
    ("/api/cases/next", "POST"),
    ("/api/cases/bulk/preview", "POST"),
    ("/api/cases/bulk", "POST"),
    ("/healthz", "GET"),
])  # fmt: skip
async def test_wrong_method_is_told_every_right_one(client: httpx.AsyncClient, path: str, allowed: str) -> None:
    answer = await client.options(path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)


async def test_an_unexpected_fault_is_500_and_tells_nothing(wiring: Wiring) -> None:
    async def burst(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret")

    wiring.services.workspace.list_alerts = burst  # pyright: ignore[reportAttributeAccessIssue] breaks on purpose
    async with answering(wiring) as client:
        answer = await client.get("/api/alerts")
    assert (answer.status_code, answer.json()["id"]) == (500, "internal-error")
    assert "secret" not in answer.text
    assert answer.headers["content-security-policy"]
