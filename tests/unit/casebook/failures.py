"""Cases whose orchestration ended from outside, for the tests of recovery."""

from casebook.commands.recovery import Recovery
from contracts.investigation import FailedCase, ReviewOpening
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    an_assessment,
    an_opening,
    ask,
    conclude,
    open_case,
)

REASON = "The investigation failed in the scheduler: too large."


def scheduled(book: CaseBook, case: str) -> str:
    book.confirm(scheduled=[case])
    return case


def fails(book: CaseBook, case: str, times: int = 1) -> Recovery | None:
    """Its orchestration ends from outside so often; it is started again in between."""
    handed: Recovery | None = None
    for _ in range(times):
        scheduled(book, case)
        handed = book.recover_case(case, REASON)
    return handed


def failed_case(book: CaseBook, case: str) -> FailedCase:
    found = book.resume_case(case)
    assert isinstance(found, FailedCase)
    return found


def asked(book: CaseBook) -> ReviewOpening:
    return ask(book, scheduled(book, open_case(book)))


def asked_about(book: CaseBook, case: str) -> ReviewOpening:
    """Conclude the round that has begun, and ask about it."""
    conclude(book, case, an_assessment())
    opening = an_opening(case)
    book.open_review(opening)
    return opening
