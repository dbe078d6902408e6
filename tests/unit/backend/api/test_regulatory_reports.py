"""The regulatory report over HTTP: as JSON, and as a page on which nothing runs."""

import httpx
import pytest

from contracts.regulatory_report import RegulatoryReport
from tests.support.casebooks import CaseBook
from tests.unit.backend.support import case_in_review, signed_in
from tests.unit.casebook.builders import an_alert, decide, open_case

pytestmark = pytest.mark.anyio

HOSTILE = '<script>alert("1")</script><img src=x onerror=alert(1)> & "quoted"'


async def test_report_is_a_download_named_by_its_case(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = case_in_review(book).case_id
    answer = await client.get(f"/api/cases/{case}/regulatory-report")
    assert answer.headers["content-disposition"] == f'attachment; filename="{case}-report-personal-data.json"'
    report = RegulatoryReport.model_validate_json(answer.content)
    assert (report.case_id, report.prepared_by, report.is_draft) == (case, "ana", True)
    page = await client.get(f"/api/cases/{case}/regulatory-report?format=html")
    assert page.headers["content-disposition"] == f'attachment; filename="{case}-report-personal-data.html"'
    assert page.headers["content-type"] == "text/html; charset=utf-8"


async def test_page_says_everything_and_runs_nothing(client: httpx.AsyncClient, book: CaseBook) -> None:
    alert = an_alert().model_copy(update={"description": HOSTILE})
    book.open_case(alert)
    opening = case_in_review(book, 2)
    decide(book, opening, "approve", "lock_account")
    pages = [
        (await client.get(f"/api/cases/case-{name}/regulatory-report?format=html")).text
        for name in (alert.alert_id, an_alert(2).alert_id)
    ]
    for page in pages:
        assert "<script" not in page.lower()
        assert "<img" not in page.lower()
        assert "http://" not in page
        assert "https://" not in page
        assert "@media print" in page
    assert "&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt;" in pages[0]
    assert "Not decided" in pages[0]
    assert "Nobody has decided." in pages[0]
    shown = ["Approved: Lock account", "Confirmed fraud", "Åse", "The login is from a new country.", "r1-usage-1"]
    assert [text for text in shown if text not in pages[1]] == []


async def test_report_is_for_analysts(client: httpx.AsyncClient, book: CaseBook) -> None:
    case = open_case(book)
    statuses = [
        (await client.get(path, headers=signed_in(who))).status_code
        for path, who in (
            (f"/api/cases/{case}/regulatory-report", "vera"),
            ("/api/cases/case-nobody/regulatory-report", "ana"),
            (f"/api/cases/{case}/regulatory-report?format=pdf", "ana"),
        )
    ]
    assert statuses == [403, 404, 422]
