import httpx
import pytest

from tests.support.casebooks import CaseBook
from tests.unit.backend.support import signed_in
from tests.unit.casebook.builders import open_case

pytestmark = pytest.mark.anyio

ANA, MARIA, VERA = map(signed_in, ("ana", "maria", "vera"))
WHY = {"reason": "The court asked for it."}


async def test_manager_holds_a_case_and_lifts_it(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = open_case(book)
    path = f"/api/cases/{case}/legal-hold"
    held = await client.put(path, json=WHY, headers=MARIA)
    assert (held.status_code, held.json()["held_by"], held.json()["reason"]) == (200, "maria", WHY["reason"])
    assert (await client.put(path, json={"reason": "Again."}, headers=MARIA)).json() == held.json()
    for reader in (VERA, ANA):
        assert (await client.get(f"/api/cases/{case}", headers=reader)).json()["legal_hold"] == held.json()
        (row,) = (await client.get("/api/cases", headers=reader)).json()["items"]
        assert row["legal_hold"] == held.json()
    for asked in (True, False):
        found = (await client.get("/api/cases", params={"legal_hold": asked}, headers=ANA)).json()["items"]
        assert [each["case_id"] for each in found] == ([case] if asked else [])
    for _ in range(2):
        assert (await client.post(f"{path}/lift", json=WHY, headers=MARIA)).status_code == 204
    assert (await client.get(f"/api/cases/{case}")).json()["legal_hold"] is None


async def test_only_managers_hold_and_say_why(client: httpx.AsyncClient, book: CaseBook) -> None:
    path = f"/api/cases/{open_case(book)}/legal-hold"
    for other in (ANA, VERA):
        assert (await client.put(path, json=WHY, headers=other)).status_code == 403
        assert (await client.post(f"{path}/lift", json=WHY, headers=other)).status_code == 403
    for order in ({}, {"reason": " "}, {"reason": "\u200b"}):
        assert (await client.put(path, json=order, headers=MARIA)).status_code == 422
        assert (await client.post(f"{path}/lift", json=order, headers=MARIA)).status_code == 422
    assert (await client.put("/api/cases/case-none/legal-hold", json=WHY, headers=MARIA)).status_code == 404
