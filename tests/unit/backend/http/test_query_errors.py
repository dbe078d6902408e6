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
