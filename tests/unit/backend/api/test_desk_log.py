import httpx
import pytest

from tests.support.casebooks import CaseBook
from tests.unit.backend.support import signed_in

pytestmark = pytest.mark.anyio

ANA, MARIA = map(signed_in, ("ana", "maria"))


async def test_managers_read_who_changed_which_view(client: httpx.AsyncClient, book: CaseBook) -> None:
    order = {"query": {"overdue": True}, "shared": True}
    assert (await client.put("/api/views/Urgent", json=order, headers=ANA)).status_code == 200
    assert (await client.delete("/api/shared-views/ana/Urgent", headers=MARIA)).status_code == 204
    assert (await client.delete("/api/views/Urgent", headers=ANA)).status_code == 204

    page = (await client.get("/api/desk-log?limit=2", headers=MARIA)).json()

    assert [(each["kind"], each["actor"], each["owner"], each["name"]) for each in page["items"]] == [
        ("view_unshared", "maria", "ana", "Urgent"),
        ("view_deleted", "ana", "ana", "Urgent"),
    ]
    assert (page["items"][1]["before"], page["items"][1]["after"]) == (
        {"query": {"overdue": True}, "shared": False},
        None,
    )
    earlier = await client.get("/api/desk-log", params={"cursor": page["next_cursor"]}, headers=MARIA)
    assert [(each["number"], each["before"]) for each in earlier.json()["items"]] == [(1, None)]
    assert book.audit().broken is None
