"""The audit names a case whose log and rows were bent together, with every hash right."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from casebook.audit.verify import audit_case, verify_case_log
from casebook.database.engine import for_writing
from casebook.workspace_api import WorkspaceApi
from contracts.hashing import content_hash
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    NOON,
    a_decision,
    an_assessment,
)
from tests.unit.casebook.forged_cases import (
    asked,
    asked_by_rule,
    cleared,
    cleared_in_round_two,
    critical_cleared_by_two,
    lock_reversed,
    locked,
    noted,
    proposed,
    rejected,
    withdrawn,
)
from tests.unit.casebook.test_forged_logs import Bend, Log, bent, saying, without, write_anew

Rows = Callable[[Connection, str], None]
Made = Callable[[CaseBook, WorkspaceApi], str]
Change = Callable[[dict[str, Any]], object]


def changed(kind: str, change: Change) -> Bend:
    """Every event of a kind, or all, with their data changed in place."""

    def bend(log: Log) -> Log:
        for event in log:
            if kind in ("*", event.type):
                change(event.data)
        return log

    return bend


def by(kind: str, actor: str) -> Bend:
    return lambda log: [event.model_copy(update={"actor": actor}) if event.type == kind else event for event in log]


def no_rows(_: Connection, __: str) -> None: ...


def body(table: str, change: Change) -> Rows:
    """The content of the case's row with its text changed."""

    def bend(connection: Connection, case: str) -> None:
        of = {"c": case}
        said: dict[str, Any] = json.loads(
            connection.execute(text(f"SELECT body FROM {table} WHERE case_id = :c"), of).scalar_one()
        )
        change(said)
        connection.execute(text(f"UPDATE {table} SET body = :b WHERE case_id = :c"), {**of, "b": json.dumps(said)})

    return bend


def rows(*statements: str, **values: Any) -> Rows:
    def bend(connection: Connection, case: str) -> None:
        for statement in statements:
            connection.execute(text(statement), {"c": case, **values})

    return bend


def all_of(*bends: Rows) -> Rows:
    def bend(connection: Connection, case: str) -> None:
        for each in bends:
            each(connection, case)

    return bend


def now(**values: Any) -> Change:
    return lambda said: said.update(values)


BENIGN: dict[str, Any] = an_assessment().model_dump(mode="json") | {"route": "auto_clear", "route_reasons": []}
NOBODY_ASKED = bent(
    without("review_opened", "decision_accepted", "effect_started", "effect_finished"),
    saying("case_closed", outcome="auto_cleared"),
    saying("assessed", route="auto_clear", route_reasons=[]),
)
NOBODY_IN_ROWS = rows(
    "DELETE FROM decision WHERE case_id = :c",
    "DELETE FROM effect WHERE case_id = :c",
    "DELETE FROM review WHERE case_id = :c",
    "UPDATE \"case\" SET outcome = 'auto_cleared', disposition = NULL WHERE case_id = :c",
)
NOTE = {"case_id": "case-impossible_travel-1", "author": "eve", "text": "The customer is abroad."}


def alone(log: Log) -> Log:
    """One person's decision on a question that one person may answer."""
    log = without("approval_given")(log)
    changed("review_opened", now(four_eyes_actions=[]))(log)
    return changed("decision_accepted", lambda said: said.pop("approvals"))(log)


ALONE_IN_ROWS = all_of(
    rows(
        "UPDATE review SET four_eyes_actions = '[]' WHERE case_id = :c",
        "UPDATE decision SET accepted_seq = accepted_seq - 1 WHERE case_id = :c",
    ),
    body("decision", lambda said: said.pop("approvals")),
)


def clearing_itself_in_round_two(log: Log) -> Log:
    kept = [e for e in log if e.type not in ("review_opened", "decision_accepted") or e.data["round"] == 1]
    changed("assessed", lambda said: said["round"] == 2 and said.update(route="auto_clear", route_reasons=[]))(kept)
    return saying("case_closed", outcome="auto_cleared")(kept)


def noted_by_eve(log: Log) -> Log:
    event = next(event for event in log if event.type == "note_added")
    at = event.model_dump(mode="json")["at"]
    event.data["note_hash"] = content_hash({**NOTE, "note_id": event.data["note_id"], "created_at": at})
    return log


def asked_for_twice(log: Log) -> Log:
    first = next(event for event in log if event.type == "reversal_requested")
    again = {**first.data, "reversal_id": str(first.data["reversal_id"]).replace(":1", ":2")}
    return [*log, first.model_copy(update={"data": again})]


def another_key(said: dict[str, Any]) -> None:
    said["effect"]["key"] = said["effect"]["key"].replace(":1:1", ":2:1")


BENDS: Mapping[str, tuple[Made, Bend, Rows, str]] = {
    "critical, cleared by one": (
        critical_cleared_by_two,
        alone,
        ALONE_IN_ROWS,
        "nobody had given the first of two approvals",
    ),
    "asked of fewer than a rule wants": (
        asked_by_rule,
        changed("review_opened", now(four_eyes_actions=["lock_and_refund", "refund_charges"])),
        rows('UPDATE review SET four_eyes_actions = \'["lock_and_refund", "refund_charges"]\' WHERE case_id = :c'),
        "it asks others than the rules of the alerts want",
    ),
    "asked of fewer people": (
        withdrawn,
        changed("review_opened", now(four_eyes_actions=[])),
        rows("UPDATE review SET four_eyes_actions = '[]' WHERE case_id = :c"),
        "it asks fewer people than the limits of the case name",
    ),
    "overruled without a reason": (
        cleared,
        saying("decision_accepted", reason_code=None),
        body("decision", now(reason_code=None)),
        "it overrules the assessment without a reason",
    ),
    "closed by itself against its assessment": (
        locked,
        NOBODY_ASKED,
        NOBODY_IN_ROWS,
        "its route is not that of the assessment",
    ),
    "closed by itself with a high score": (
        locked,
        bent(NOBODY_ASKED, saying("assessed", assessment_hash=content_hash(BENIGN))),
        all_of(
            NOBODY_IN_ROWS,
            rows(
                "UPDATE round SET assessment = :b, assessment_hash = :h WHERE case_id = :c",
                b=json.dumps(BENIGN),
                h=content_hash(BENIGN),
            ),
        ),
        "a score is not below 0.60",
    ),
    "closed by itself after a rejection": (
        cleared_in_round_two,
        clearing_itself_in_round_two,
        no_rows,
        "a person was asked, so a person decides",
    ),
    "another score": (locked, saying("assessed", score=0.1), no_rows, "its score is not that of the assessment"),
    "another score of a specialist": (
        locked,
        saying("specialist_finished", risk_score=0.0),
        rows("UPDATE report SET risk_score = 0.0 WHERE case_id = :c"),
        "its risk_score is not that of its content",
    ),
    "no time to answer": (
        locked,
        saying("review_opened", due_at="2026-03-14T12:00:30Z"),
        rows("UPDATE review SET due_at = :d WHERE case_id = :c", d="2026-03-14 12:00:30.000000"),
        "it leaves too little time to answer",
    ),
    "closed by a person": (locked, by("case_closed", "ana"), no_rows, "it is nothing that 'ana' does"),
    "acted by a person": (locked, by("effect_started", "ana"), no_rows, "it is nothing that 'ana' does"),
    "reported by a person": (locked, by("specialist_finished", "ana"), no_rows, "it is nothing that 'ana' does"),
    "decided by the product": (
        locked,
        bent(by("decision_accepted", "worker"), saying("decision_accepted", decided_by="worker")),
        body("decision", now(decided_by="worker")),
        "it is nothing that 'worker' does",
    ),
    "closed in another round": (locked, saying("case_closed", round=7), no_rows, "the case is in round 1"),
    "rejected without a word": (
        rejected,
        saying("decision_accepted", feedback="\u200b"),
        body("decision", now(feedback="\u200b")),
        "it rejects without a word",
    ),
    "approved by another": (
        proposed,
        changed("approval_given", lambda said: said["approvals"][0].update(approved_by="eve")),
        body("proposal", lambda said: said["approvals"][0].update(approved_by="eve")),
        "eve is said to have approved",
    ),
    "withdrawn by another": (withdrawn, by("approval_withdrawn", "eve"), no_rows, "it was ana's approval"),
    "noted by another": (
        noted,
        noted_by_eve,
        rows("UPDATE note SET author = 'eve' WHERE case_id = :c"),
        "its author is 'eve', but event",
    ),
    "asked back by another": (
        lock_reversed,
        bent(*(saying(f"reversal_{what}", requested_by="eve") for what in ("decided", "started", "finished"))),
        body("reversal", now(requested_by="eve")),
        "something else had been asked for",
    ),
    "reversed by another": (
        lock_reversed,
        saying("reversal_finished", decided_by="eve"),
        body("reversal", now(decided_by="eve")),
        "something else had been approved",
    ),
    "reversal begun by nobody's word": (
        lock_reversed,
        without("reversal_decided", "reversal_finished"),
        no_rows,
        "nobody had approved it",
    ),
    "reversed for another customer": (
        lock_reversed,
        bent(*(changed(f"reversal_{what}", another_key) for what in ("started", "finished"))),
        body("reversal", another_key),
        "it is about something else than was approved",
    ),
    "reversed twice": (
        lock_reversed,
        asked_for_twice,
        no_rows,
        "another request to reverse the same stands",
    ),
}


@pytest.mark.parametrize("how", BENDS)
def test_a_record_bent_together_with_its_log_is_named(
    book: CaseBook, workspace: WorkspaceApi, engine: Engine, how: str
) -> None:
    make, bend, bend_rows, why = BENDS[how]
    case = make(book, workspace)
    assert book.audit().broken is None
    with for_writing(engine).connect() as connection:
        write_anew(connection, case, bend(book.case_events(case)))
        bend_rows(connection, case)
        alone, named = audit_case(connection, case).broken, verify_case_log(connection).broken
        connection.rollback()

    assert named is not None
    assert named == alone
    assert named.case_id == case
    assert why in named.reason


def test_reason_in_the_first_approval_is_on_record(book: CaseBook) -> None:
    case, opening = asked(book, severity="critical")
    first = a_decision(opening, action="clear").model_copy(update={"reason_code": None, "feedback": "They called."})
    book.accept_decision(first, MANAGER)
    second = a_decision(opening, action="clear", decided_by="bob").model_copy(update={"reason_code": None})
    book.accept_decision(second, MANAGER)

    given = next(event for event in book.case_events(case) if event.type == "approval_given")
    assert given.data["feedback"] == "They called."
    assert book.audit().broken is None


def test_a_note_s_date_is_that_of_its_event(book: CaseBook, workspace: WorkspaceApi, engine: Engine) -> None:
    case = noted(book, workspace)
    (note,) = workspace.list_notes(case).items
    older = note.model_copy(update={"created_at": NOON - timedelta(days=300)})
    with for_writing(engine).connect() as connection:
        write_anew(connection, case, saying("note_added", note_hash=content_hash(older))(book.case_events(case)))
        connection.execute(text("UPDATE note SET created_at = '2025-05-18 12:00:00.000000'"))
        broken = audit_case(connection, case).broken
        connection.rollback()

    assert broken is not None
    assert "created_at" in broken.reason
