"""What people change is in the log with its value before and after, and the log cannot say another one."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from casebook.audit.verify import audit_case
from casebook.database.engine import for_writing
from casebook.workspace_api import WorkspaceApi
from contracts.case import CaseEvent
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import ANALYST, MANAGER, NOON, an_alert, ask, decide, open_case, pass_time
from tests.unit.casebook.test_forged_logs import saying, write_anew


def last(book: CaseBook, case: str, kind: str) -> CaseEvent:
    return [event for event in book.case_events(case) if event.type == kind][-1]


def all_changed(book: CaseBook) -> str:
    """A case of which everything was changed that people can change more than once."""
    case = open_case(book)
    rejected = ask(book, case)
    book.claim(case, "ana")
    book.assign(case, "ben", ANALYST, "maria", as_manager=True)
    book.claim(case, "ben")
    book.take_over(case, "cleo", "Ben is away.")
    book.assign(case, "dan", ANALYST, "maria", as_manager=True, reason="Ben is away.")
    book.claim(case, "cleo")
    book.release(case, "cleo")
    book.snooze(case, "ana", MANAGER, NOON + timedelta(hours=4))
    book.snooze(case, "ben", MANAGER, NOON + timedelta(hours=8))
    decide(book, rejected, "reject")
    book.start_round(case, 2)
    decide(book, ask(book, case, 2))
    return case


def test_assignment_says_who_had_the_case(book: CaseBook):
    case = all_changed(book)
    first, second = (event for event in book.case_events(case) if event.type == "assigned")
    assert (first.actor, first.data["assigned_to"], first.data["previously"]) == ("maria", "ben", None)
    assert (second.data["assigned_to"], second.data["previously"], second.data["reason"]) == (
        "dan",
        "ben",
        "Ben is away.",
    )
    assert [event.data["ends_claim_of"] for event in (first, second)] == ["ana", "cleo"]
    assert last(book, case, "claim_taken_over").data["previous_assignee"] == "ben"
    assert last(book, case, "claim_released").data["previous_assignee"] == "cleo"


def test_assignment_after_a_claim_that_ran_out_ends_none(book: CaseBook):
    case = open_case(book)
    ask(book, case)
    book.claim(case, "ana")
    pass_time(book, 10)
    book.assign(case, "ben", ANALYST, "ben")
    assert last(book, case, "assigned").data["ends_claim_of"] is None
    assert book.audit().broken is None


def test_decision_says_what_the_case_was_taken_for(book: CaseBook):
    case = all_changed(book)
    first, second = (event.data for event in book.case_events(case) if event.type == "decision_accepted")
    assert ("previous_disposition" in first, first["disposition"]) == (False, "inconclusive")
    assert (second["previous_disposition"], second["disposition"]) == ("inconclusive", "confirmed_fraud")
    assert "previous_disposition" not in book.get_fraud_case(case).decisions[1].model_dump()


def test_snooze_says_which_one_it_replaces(book: CaseBook):
    case = all_changed(book)
    first, second = (event.data for event in book.case_events(case) if event.type == "snoozed")
    assert "previous_until" not in first
    assert second["previous_until"] == first["until"]


def test_case_opened_by_hand_says_by_whom(book: CaseBook, workspace: WorkspaceApi):
    by_hand = workspace.open_case(an_alert(1, source="manual"), "ben").case_id
    by_rule = workspace.open_case(an_alert(2)).case_id
    assert [last(book, case, "case_opened").actor for case in (by_hand, by_rule)] == ["ben", "system"]
    assert [workspace.get_fraud_case(case).opened_by for case in (by_hand, by_rule)] == ["ben", None]


FORGED: dict[str, dict[str, Any]] = {
    "assigned": {"previously": "mallory"},
    "claim_taken_over": {"previous_assignee": "mallory"},
    "claim_released": {"previous_assignee": "mallory"},
    "snoozed": {"previous_until": (NOON + timedelta(hours=1)).isoformat()},
    "decision_accepted": {"previous_disposition": "false_positive"},
}


@pytest.mark.parametrize("kind", FORGED)
def test_forged_value_before_is_named(book: CaseBook, engine: Engine, kind: str):
    case = all_changed(book)
    assert book.audit().broken is None
    with for_writing(engine).connect() as connection:
        write_anew(connection, case, saying(kind, **FORGED[kind])(book.case_events(case)))
        broken = audit_case(connection, case).broken
        connection.rollback()
    assert broken is not None
    assert broken.reason == f"it does not say what a '{kind}' says"
