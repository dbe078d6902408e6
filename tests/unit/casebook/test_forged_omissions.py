"""The audit names a case whose log leaves out what it must say, or misquotes what is kept."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from casebook.audit.verify import audit_case, verify_case_log
from casebook.database.engine import for_writing
from casebook.workspace_api import WorkspaceApi
from contracts.hashing import content_hash
from contracts.journal import JournalEntry
from contracts.report import SPECIALISTS, Spend
from contracts.spend import ModelUse
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    a_decision,
    a_report,
    an_alert,
    an_assessment,
    an_effect,
    an_opening,
    begin,
    closing,
    evidence_of,
)
from tests.unit.casebook.forged_cases import LIMITS, critical_cleared_by_two, locked, rejected
from tests.unit.casebook.test_forged_logs import Bend, Log, bent, saying, without, write_anew
from tests.unit.casebook.test_forged_records import (
    ALONE_IN_ROWS,
    Rows,
    all_of,
    alone,
    body,
    changed,
    no_rows,
    now,
    rows,
)

Made = Callable[[CaseBook, WorkspaceApi], str]
FOUND: dict[str, Any] = evidence_of(1, "usage").model_dump(mode="json") | {"result": {"nothing": True}}
EMPTY: dict[str, Any] = a_report("usage").model_dump(mode="json") | {"findings": []}


def saying_nothing_of(kind: str, *names: str) -> Bend:
    """Every event of a kind, or all, without these parts."""

    def bend(log: Log) -> Log:
        for event in log:
            for name in names:
                if kind in ("*", event.type):
                    event.data.pop(name, None)
        return log

    return bend


def of_usage(change: Callable[[dict[str, Any]], object]) -> Bend:
    return changed("specialist_finished", lambda said: said["specialist"] == "usage" and change(said))


def kept_as(table: str, content: Mapping[str, Any]) -> Rows:
    return rows(f"UPDATE {table} SET body = :b WHERE case_id = :c AND specialist = 'usage'", b=json.dumps(content))


def earlier(kind: str, days: int) -> Bend:
    return lambda log: [
        event.model_copy(update={"at": event.at - timedelta(days=days)}) if event.type == kind else event
        for event in log
    ]


def paid(book: CaseBook, _: WorkspaceApi) -> str:
    """A case whose reports count the calls of a model that they cost."""
    case = book.open_case(an_alert()).case_id
    begin(book, case, policy=LIMITS)
    reports = tuple(
        a_report(specialist).model_copy(update={"spend": Spend(model_calls=1, input_tokens=10, output_tokens=1)})
        for specialist in SPECIALISTS
    )
    for report in reports:
        use = ModelUse(round=1, agent=report.specialist, model="m", input_tokens=10, output_tokens=1, cost_usd=None)
        call = JournalEntry(f"r1-{report.specialist}-m1", "{}", use)
        book.save_report(case, report, [evidence_of(1, report.specialist)], [call])
    assessment = book.save_assessment(case, an_assessment().model_copy(update={"reports": reports}))
    opening = an_opening(case, assessment)
    book.open_review(opening)
    book.accept_decision(a_decision(opening), MANAGER)
    book.start_effect(case, an_effect(case))
    book.finish_effect(case, an_effect(case, status="done"))
    book.close_case(closing(case))
    return case


NO_CALLS = rows(
    "DELETE FROM model_call WHERE case_id = :c",
    "DELETE FROM model_spend WHERE case_id = :c",
    'UPDATE "case" SET journal_entries = 0, journal_hash = NULL WHERE case_id = :c',
)
UNDONE = rows("DELETE FROM effect WHERE case_id = :c", "UPDATE \"case\" SET outcome = 'failed' WHERE case_id = :c")

BENDS: Mapping[str, tuple[Made, Bend, Rows, str]] = {
    "critical, cleared by one, without limits": (
        critical_cleared_by_two,
        bent(alone, saying_nothing_of("round_started", "policy")),
        ALONE_IN_ROWS,
        "it does not say what a 'round_started' says",
    ),
    "the same without a journal": (
        critical_cleared_by_two,
        bent(alone, saying_nothing_of("*", "policy", "journal")),
        ALONE_IN_ROWS,
        "it does not say what a 'round_started' says",
    ),
    "closed as failed, without limits": (
        locked,
        bent(
            without("effect_started", "effect_finished"),
            saying("case_closed", outcome="failed"),
            saying_nothing_of("*", "policy", "journal"),
        ),
        UNDONE,
        "it does not say what a 'round_started' says",
    ),
    "begun by nobody": (locked, without("round_started"), no_rows, "round 1 had not begun"),
    "without a journal": (
        locked,
        saying_nothing_of("*", "journal"),
        no_rows,
        "it does not say what a 'specialist_finished' says",
    ),
    "without its calls": (
        paid,
        changed("*", lambda said: "journal" in said and said.update(journal={"entries": 0, "hash": None})),
        NO_CALLS,
        "it counts 1 calls of a model, and 0 are on record",
    ),
    "acted without saying on what": (
        locked,
        saying_nothing_of("*", "approved"),
        no_rows,
        "it does not say what a 'effect_started' says",
    ),
    "acted without a beginning": (locked, without("effect_started"), no_rows, "nobody is said to have begun it"),
    "given up at once": (
        locked,
        bent(
            saying("effect_finished", status="unknown", result=None),
            saying("case_closed", outcome="failed"),
        ),
        all_of(
            body("effect", now(status="unknown", result=None)),
            rows(
                "UPDATE effect SET status = 'unknown' WHERE case_id = :c",
                "UPDATE \"case\" SET outcome = 'failed' WHERE case_id = :c",
            ),
        ),
        "has failed, or is in doubt for good",
    ),
    "done with an error": (
        locked,
        saying("effect_finished", result={"error": "refused"}),
        body("effect", now(result={"error": "refused"})),
        "what it came to is an error",
    ),
    "another answer of a tool": (
        locked,
        of_usage(lambda said: said["evidence_hashes"].update({FOUND["evidence_id"]: content_hash(FOUND)})),
        kept_as("evidence", FOUND),
        "the answer to its call 'r1-usage-1' is another one",
    ),
    "another answer, without a hash": (
        locked,
        saying_nothing_of("specialist_finished", "evidence_hashes"),
        kept_as("evidence", FOUND),
        "it does not say what a 'specialist_finished' says",
    ),
    "no answer of any tool": (
        locked,
        saying("specialist_finished", evidence_hashes={}),
        rows("DELETE FROM evidence WHERE case_id = :c"),
        "is missing",
    ),
    "a report without its findings": (
        locked,
        of_usage(lambda said: said.update(report_hash=content_hash(EMPTY))),
        kept_as("report", EMPTY),
        "its report of the usage specialist is another one",
    ),
    "decided before it was asked": (
        locked,
        earlier("decision_accepted", 365),
        no_rows,
        "it says that it was decided at another time",
    ),
    "noted before it was opened": (
        rejected,
        earlier("review_opened", 365),
        no_rows,
        "it is older than the event before it",
    ),
    "decided another day": (
        locked,
        saying("decision_accepted", decided_at="2020-01-01T00:00:00Z"),
        body("decision", now(decided_at="2020-01-01T00:00:00Z")),
        "it says that it was decided at another time",
    ),
}


def named(engine: Engine, case: str, bend: Callable[[], Log], bend_rows: Rows) -> tuple[str, str]:
    """What the audit of all, and that of the case, say of it then."""
    with for_writing(engine).connect() as connection:
        write_anew(connection, case, bend())
        bend_rows(connection, case)
        found = verify_case_log(connection).broken, audit_case(connection, case).broken
        connection.rollback()
    whole, single = ("" if broken is None else broken.reason for broken in found)
    return whole, single


@pytest.mark.parametrize("how", BENDS)
def test_audit_names_what_a_log_omits(book: CaseBook, workspace: WorkspaceApi, engine: Engine, how: str) -> None:
    make, bend, bend_rows, why = BENDS[how]
    case = make(book, workspace)
    assert book.audit().broken is None

    whole, single = named(engine, case, lambda: bend(book.case_events(case)), bend_rows)

    assert why in whole
    assert single == whole
