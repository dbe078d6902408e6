"""Drawings of an alert: those of the pure layout, by the case and the alert that are named."""

import httpx
import pytest

from backend.drawings import drawings_of
from contracts.drawing import AlertDrawings
from tests.support.casebooks import CaseBook
from tests.unit.backend.drawings.stories import STORIES
from tests.unit.casebook.builders import later, open_case
from tests.unit.casebook.replies import hold_reply

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("rule", STORIES)
async def test_alert_is_drawn_as_it_is_laid_out(client: httpx.AsyncClient, book: CaseBook, rule: str) -> None:
    alert = STORIES[rule]
    case = book.open_case(alert).case_id
    answer = await client.get(f"/api/cases/{case}/alerts/{alert.alert_id}/drawings?personal_data=shown")
    assert AlertDrawings.model_validate_json(answer.content).items == drawings_of(alert)


async def test_unknown_rule_has_no_drawings(client: httpx.AsyncClient, book: CaseBook) -> None:
    alert = later(alert_type="new_device")
    case = book.open_case(alert).case_id
    answer = await client.get(f"/api/cases/{case}/alerts/{alert.alert_id}/drawings")
    assert (answer.status_code, answer.json()) == (200, {"items": []})


async def test_alert_of_another_case_is_not_found(client: httpx.AsyncClient, book: CaseBook) -> None:
    case, reply = open_case(book, 1), hold_reply(book)
    open_case(book, 2)
    statuses = [
        (await client.get(f"/api/cases/{path}/drawings")).status_code
        for path in (
            f"{case}/alerts/impossible_travel-2",
            f"{reply}/alerts/impossible_travel-1",
            "case-nobody/alerts/impossible_travel-1",
            f"{case}/alerts/%20",
        )
    ]
    assert statuses == [404, 404, 404, 422]
