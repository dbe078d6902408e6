"""An alert opens one case, which is given to the scheduler once."""

import threading

from sqlalchemy import Engine

from casebook.database.transactions import Transactions
from contracts.report import SPECIALISTS
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import an_alert, open_case


def event_types(book: CaseBook) -> list[str]:
    return [event.type for event in book.events_after(0)]


def test_an_alert_opens_a_case_that_shows_it(book: CaseBook):
    alert = an_alert()

    opened = book.open_case(alert)

    assert opened.created
    view = book.get_fraud_case(opened.case_id)
    assert view.alert == alert
    assert (view.state, view.round, view.outcome) == ("investigating", 1, None)
    assert view.progress.phase == "investigating"
    assert view.progress.specialists == dict.fromkeys(SPECIALISTS, "pending")
    assert view.opened_at == view.updated_at


def test_the_same_alert_opens_one_case(book: CaseBook):
    first = book.open_case(an_alert())
    second = book.open_case(an_alert())

    assert (first.case_id, first.created) == (second.case_id, not second.created)
    assert event_types(book) == ["case_opened"]
    assert book.last_seq() == 1


def test_many_threads_with_the_same_alert_open_one_case(engine: Engine):
    created: list[bool] = []
    together = threading.Barrier(6)

    def open_it() -> None:
        book = CaseBook(Transactions(engine))
        together.wait()
        created.append(book.open_case(an_alert()).created)

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(created) == [False] * 5 + [True]
    assert event_types(CaseBook(Transactions(engine))) == ["case_opened"]


def test_case_is_unscheduled_until_confirmed(book: CaseBook):
    first, second = open_case(book, 1), open_case(book, 2)
    assert book.unscheduled_cases() == [first, second]
    assert book.unscheduled_cases(limit=1) == [first]
    assert book.unscheduled_cases(after=first) == [second]
    assert book.unscheduled_cases(after=second) == []

    book.confirm(scheduled=[first])
    book.confirm(scheduled=[first])

    assert [book.is_scheduled(case) for case in (first, second)] == [True, False]
    assert book.unscheduled_cases() == [second]
    book.confirm(scheduled=[second])
    assert book.unscheduled_cases() == []
