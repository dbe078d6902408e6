"""Whatever is sent as whomever: what is answered is what the OpenAPI document says."""

from collections.abc import Generator, Mapping
from typing import get_args

import pytest

from backend.auth.identity import Identity
from backend.auth.personas import PERSONAS
from backend.services.rate_limits import RateLimits
from contracts.ids import parse_review_id
from contracts.sessions import Scope
from tests.support.casebooks import CaseBook
from tests.unit.backend.fake_scheduler import FakeScheduler
from tests.unit.backend.generated_requests import Outcome, send_generated
from tests.unit.backend.support import RunningBackend, case_in_review

pytestmark = pytest.mark.slow

CALLERS: Mapping[str, Identity | None] = {
    "signed out": None,
    **{persona.roles[0]: persona for persona in PERSONAS if persona.subject != "ben"},
    "service": Identity(subject="svc-all", name="A program", roles=(), scopes=get_args(Scope)),
}
LONG_RUN = 5_000
"""Requests of each caller."""


@pytest.fixture
def unlimited(book: CaseBook, scheduler: FakeScheduler) -> Generator[RunningBackend]:
    """A backend that answers as often as it is asked, and posts no event to an address that somebody made up."""
    running = RunningBackend(book, scheduler, rates=RateLimits(0), consumes_events=False)
    running.start()
    yield running
    running.stop()


def send(backend: RunningBackend, book: CaseBook, name: str, *phases: str, examples: int, share: slice) -> Outcome:
    known = {"case_id": [parse_review_id(case_in_review(book, number).review.review_id)[0] for number in range(1, 6)]}
    return send_generated(backend, CALLERS[name], known, phases, examples, share)


@pytest.mark.parametrize("name", CALLERS)
def test_answers_are_as_the_document_says(unlimited: RunningBackend, book: CaseBook, name: str) -> None:
    first = [*CALLERS].index(name)
    # An admin is refused least, so that most is answered.
    share = slice(None) if name == "admin" else slice(first, None, len(CALLERS) - 1)
    outcome = send(unlimited, book, name, "fuzzing", examples=1, share=share)
    assert outcome.faults == [], "\n\n".join(outcome.faults)
    assert outcome.requests >= (150 if name == "admin" else 20)


@pytest.mark.long
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("name", CALLERS)
def test_thousands_of_answers_are_as_documented(unlimited: RunningBackend, book: CaseBook, name: str) -> None:
    outcome = send(unlimited, book, name, "coverage", "fuzzing", examples=10, share=slice(None))
    assert outcome.faults == [], "\n\n".join(outcome.faults)
    assert outcome.requests >= LONG_RUN
