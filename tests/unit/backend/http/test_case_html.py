"""The page of a case: everything is on it, and nothing of it runs."""

import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from backend.http.case_html import write_html
from casebook.commands.attachments import Upload
from casebook.database.engine import open_engine
from casebook.database.transactions import Transactions
from casebook.policy.alert_joins import JoinPolicy
from tests.support.casebooks import CaseBook
from tests.unit.backend.drawings.stories import STORIES
from tests.unit.casebook.builders import (
    SteppingClock,
    a_report,
    an_alert,
    an_assessment,
    asked_in_short,
    begin,
    evidence_of,
)
from tests.unit.casebook.replies import a_draft, a_question, hold_reply
from tests.unit.casebook.story import tell

HOSTILE = '<script>alert("1")</script><img src=x onerror=alert(1)> & "quoted"'


@pytest.fixture
def book(tmp_path: Path, empty_casebook: Path) -> Generator[CaseBook]:
    path = tmp_path / "casebook.db"
    shutil.copyfile(empty_casebook, path)
    engine = open_engine(f"sqlite:///{path}")
    yield CaseBook(Transactions(engine, SteppingClock()), joins=JoinPolicy())
    engine.dispose()


def printed(book: CaseBook, case: str) -> str:
    return b"".join(write_html(book.snapshot(case), lambda file: book.read_attachment(case, file), "ana")).decode()


def test_a_printed_case_shows_everything_and_runs_nothing(book: CaseBook) -> None:
    case = tell(book, book)
    book.add_note(case, "ana", HOSTILE)
    book.add_attachment(case, "ana", Upload('a"><script>.html', "text/html", b"<script>alert(1)</script>"))

    page = printed(book, case)

    lowered = page.lower()
    assert "<script" not in lowered
    assert "<img" not in lowered
    assert "data:text/html" not in lowered
    assert "&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt;" in page
    assert "@media print" in page
    assert "http://" not in page
    assert "https://" not in page
    shown = [
        "Nobody travels at 61,500 km/h.",
        "The login is from a new country.",
        "Look at the roaming package.",
        "Approved: Lock account",
        "Confirmed fraud",
        "Called the customer.",
        "Reversal (Unlock account): done",
        "call.txt",
        "r1-usage-1",
        *(event.hash.removeprefix("sha256:") for event in book.case_events(case)),
    ]
    assert [text for text in shown if text not in page] == []


def test_a_page_proposes_nothing_without_an_assessment(book: CaseBook) -> None:
    # Harsh, and without a score.
    old = an_assessment(score=None).model_copy(update={"reasoning": "No specialist could report."})
    page = printed(book, asked_in_short(book, assessment=old).case_id)
    assert "Not assessed: there was no evidence to judge by" in page
    assert "Lock account" not in page
    assert "high" not in page.partition("<h3>Assessment</h3>")[2].partition("</table>")[0]


def test_a_page_marks_reasoning_that_is_an_opinion(book: CaseBook) -> None:
    why = "It states 47 km, which does not occur in what it was shown."
    opinion = an_assessment().model_copy(update={"reasoning_unsupported_reason": why})
    assert f"The reasoning is an opinion. {why}" in printed(book, asked_in_short(book, assessment=opinion).case_id)
    assert "is an opinion" not in printed(book, asked_in_short(book, 2).case_id)


def test_a_printed_case_says_what_was_trimmed(book: CaseBook) -> None:
    """Of the alert as a whole, of each of its events, and of what a specialist's model said."""
    alert = an_alert()
    (event,) = alert.trigger_events
    cut_event = event.model_copy(update={"trimmed": "2 optional attributes were left out of <e-1>."})
    said = {"trimmed": "The alert took 300,000 bytes & more.", "trigger_events": (cut_event,)}
    case = book.open_case(alert.model_copy(update=said)).case_id
    begin(book, case)
    report = a_report().model_copy(update={"trimmed": "Left out: 19 of 31 <findings>."})
    book.save_report(case, report, (evidence_of(1, "location"),))

    page = printed(book, case)

    shown = [
        "The alert took 300,000 bytes &amp; more.",
        "2 optional attributes were left out of &lt;e-1&gt;.",
        "Left out: 19 of 31 &lt;findings&gt;.",
    ]
    assert [text for text in shown if text not in page] == []


def test_a_printed_case_draws_each_of_its_alerts(book: CaseBook) -> None:
    travel = STORIES["impossible_travel"]
    calls = STORIES["api_burst"].model_copy(update={"customer_id": travel.customer_id})
    case = book.open_case(travel).case_id
    assert book.open_case(calls).case_id == case

    page = printed(book, case)

    assert page.count("<svg") == 2
    assert "<script" not in page
    headings = ["Alert 1 of 2", "Alert 2 of 2"]
    assert [text for text in headings if f"<h2>{text}</h2>" not in page] == []
    # The sentence stands above what is drawn of it.
    for alert in (travel, calls):
        assert page.index(alert.description) < page.index("<svg", page.index(alert.description))


def test_a_held_reply_is_printed(book: CaseBook) -> None:
    case = hold_reply(book)
    book.ask_about(a_question(case), a_draft())
    page = printed(book, case)
    shown = ["This is an urgent request about my invoice!", "The message says &#39;urgent&#39;.", a_draft().text]
    assert [text for text in shown if text not in page] == []
