import httpx
import pytest

from backend.app import create_app
from backend.http.query_errors import REPEATABLE

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("path", ["/api/cases?limit=1&limit=100", "/api/tasks?state=open&state=done"])
async def test_doubled_parameter_is_refused(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["id"]) == (422, "invalid-request")
    assert "it is given more than once: give it once" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("q=a%00b", "query.q: it contains the character NUL (U+0000), which no text here has: leave it out"),
        ("a%00b=q", "it contains the character NUL"),
        ("q=caf%E9", "query.q: it is not UTF-8: encode it as that"),
        ("q=%ED%A0%80", "query.q: it is not UTF-8: encode it as that"),
    ],
)
@pytest.mark.parametrize("path", ["/api/cases", "/api/tasks", "/api/exports/cases", "/api/session"])
async def test_what_is_no_text_is_refused(client: httpx.AsyncClient, path: str, query: str, said: str) -> None:
    answer = await client.get(f"{path}?{query}")
    assert (answer.status_code, answer.json()["id"]) == (422, "invalid-request")
    assert said in answer.json()["detail"]


async def test_lists_may_be_given_one_by_one(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/cases?state=acting&state=closed")).status_code == 200


def test_repeatable_are_exactly_the_lists() -> None:
    lists = {
        f"{method.upper()} {path}": frozenset(
            parameter["name"]
            for parameter in operation.get("parameters", ())
            if parameter["in"] == "query" and parameter["schema"].get("type") == "array"
        )
        for path, operations in create_app().openapi()["paths"].items()
        for method, operation in operations.items()
    }
    assert {route: names for route, names in lists.items() if names} == REPEATABLE
