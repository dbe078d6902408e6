"""Repeated keys, at every route that accepts JSON."""

import json

import httpx
import pytest

from backend.http.json_errors import MAX_DEPTH, SHOWN, find_errors, is_too_deep, texts_and_brackets
from tests.support.casebooks import CaseBook
from tests.unit.backend.support import case_in_review, decision_body
from tests.unit.casebook.builders import open_case

pytestmark = pytest.mark.anyio

JSON = {"Content-Type": "application/json"}


async def test_a_key_given_twice_opens_no_case(client: httpx.AsyncClient, book: CaseBook) -> None:
    body = (
        '{"alert_type":"spending_spike","severity":"high","description":"Much was bought.",'
        '"customer_id":105,"customer_id":104}'
    )
    answer = await client.post("/api/workflow/start", content=body, headers=JSON)
    assert (answer.status_code, answer.json()["errors"]) == (
        422,
        [{"field": "customer_id", "message": "it is given more than once: give it once"}],
    )
    assert book.list_cases().items == ()


async def test_a_decision_with_two_verdicts_is_refused(client: httpx.AsyncClient, book: CaseBook) -> None:
    opening = case_in_review(book)
    body = json.dumps(decision_body(opening))[:-1] + ',"verdict":"approve"}'
    answer = await client.post("/api/workflow/decision", content=body, headers=JSON)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "verdict")
    assert book.get_fraud_case(opening.case_id).decisions == ()


async def test_every_route_refuses_a_repeated_key(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = open_case(book)
    routes = (
        ("POST", f"/api/cases/{case}/notes", '{"text":"a","text":"b"}', "text"),
        ("POST", "/api/session", '{"persona":"ana","persona":"root"}', "persona"),
        ("POST", "/api/session/token", '{"persona":"ana","persona":"ana"}', "persona"),
        ("POST", "/api/cases/bulk/preview", f'{{"action":"claim","action":"claim","case_ids":["{case}"]}}', "action"),
        (
            "POST",
            "/api/cases/bulk",
            f'{{"action":"claim","items":[{{"case_id":"{case}","case_id":"{case}"}}]}}',
            "items.0.case_id",
        ),
        ("PUT", "/api/views/mine", '{"query":{"q":"a","q":"b"}}', "query.q"),
    )
    for method, path, body, field in routes:
        answer = await client.request(method, path, content=body, headers=JSON)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), path
    assert book.get_fraud_case(case).claim is None


def test_escaped_duplicate_key_is_found() -> None:
    (fault,) = find_errors(rb'{"a": 1, "\u0061": 2}')
    assert fault["loc"] == ("body", "a")


def test_same_keys_in_different_objects_are_fine() -> None:
    assert find_errors(b'{"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]}') == []


def test_numbers_longer_than_python_reads_are_no_fault() -> None:
    assert find_errors(b'{"a": ' + b"9" * 10_000 + b"}") == []


def test_many_repeated_keys_are_named_up_to_a_limit() -> None:
    pairs = ",".join(f'"k{n}":1,"k{n}":2' for n in range(20_000))
    assert len(find_errors(f"{{{pairs}}}".encode())) == SHOWN


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("depth", [MAX_DEPTH, 100_000])
async def test_deep_json_is_refused(client: httpx.AsyncClient, opening: str, closing: str, depth: int) -> None:
    body = '{"telemetry":' + opening * depth + "1" + closing * depth + "}"
    answer = await client.post("/api/workflow/start", content=body, headers=JSON)
    assert (answer.status_code, len(answer.json()["errors"])) == (422, 1)
    assert "within each other" in answer.json()["detail"]


def test_depth_is_of_brackets_outside_of_texts() -> None:
    assert not is_too_deep(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    assert is_too_deep(b"[" * (MAX_DEPTH + 1))
    assert not is_too_deep(b'{"a": "' + b"[" * 1_000 + b'"}')
    assert not is_too_deep(b'["\\"' + b"[" * 1_000 + b'"]')
    assert not is_too_deep(b"[" + b"[]," * 10_000 + b"1]")


@pytest.mark.parametrize(
    "text",
    [b'"' + b'\\"' * 1_000, b'"' + b"\\" * 999, b'"' + b"x" * 1_000, ('"' + "\u225c" * 1_000).encode("utf-16-le")],
    ids=["quotes", "backslashes", "letters", "utf-16"],
)
def test_endless_text_is_looked_at_once(text: bytes) -> None:
    found = list(texts_and_brackets(text))
    # Were a text without end none, each of its quotes would be tried again, up to the end.
    assert sum(map(len, found)) >= len(text) - 1
    assert len(found) == 1


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16", "utf-32-le", "utf-32", "latin-1"])
async def test_json_in_another_encoding_is_refused(client: httpx.AsyncClient, encoding: str) -> None:
    written = ('{"persona": "' + ("\xe9" if encoding == "latin-1" else "\u225c" * 20 + "\u5c41") + '"}').encode(
        encoding
    )
    answer = await client.post("/api/session", content=written, headers=JSON)
    assert (answer.status_code, answer.json()["id"]) == (422, "malformed-json")
    assert "UTF-8" in answer.json()["detail"]
