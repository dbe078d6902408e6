"""The audit names a case that was bent by hand, also when its hashes were all computed anew."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from casebook.audit.export import write_json
from casebook.audit.verify import audit_case, verify_case_log
from casebook.audit.verify_export import verify_export
from casebook.case_log.append import read_event
from casebook.case_log.hash_chain import seal
from casebook.database.engine import for_writing
from casebook.projection.event_types import EVENT_TYPES
from casebook.projection.reviews import Escalated
from casebook.schema.base import Base
from contracts.case import CaseEvent
from contracts.hashing import canonical_json
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    a_decision,
    an_effect,
    ask,
    closing,
    open_case,
)

Log = list[CaseEvent]
Bend = Callable[[Log], Log]
EVENTS, CASES = Base.metadata.tables["case_event"], Base.metadata.tables["case"]


def a_locked_account(book: CaseBook) -> str:
    case = open_case(book)
    book.accept_decision(a_decision(ask(book, case)), MANAGER)
    book.start_effect(case, an_effect(case))
    book.finish_effect(case, an_effect(case, status="done"))
    book.close_case(closing(case))
    return case


def without(*types: str) -> Bend:
    return lambda log: [event for event in log if event.type not in types]


def saying(kind: str, **changes: Any) -> Bend:
    def bend(log: Log) -> Log:
        return [
            event.model_copy(update={"data": {**event.data, **changes}}) if event.type == kind else event
            for event in log
        ]

    return bend


def bent(*bends: Bend) -> Bend:
    def bend(log: Log) -> Log:
        for each in bends:
            log = each(log)
        return log

    return bend


def reopened(log: Log) -> Log:
    again = next(event for event in log if event.type == "round_started")
    return [*log, again.model_copy(update={"data": {"round": 2}})]


def another_round(log: Log) -> Log:
    asked = next(index for index, event in enumerate(log) if event.type == "review_opened")
    again = next(event for event in log if event.type == "round_started")
    return [*log[: asked + 1], again.model_copy(update={"data": {"round": 2}})]


def by_another(log: Log) -> Log:
    return [
        event.model_copy(update={"actor": "mallory"}) if event.type == "decision_accepted" else event for event in log
    ]


def broken_after(kind: str, actor: str = "system", **data: Any) -> Bend:
    """An invented failure that the log never had, straight after the last event of that kind."""

    def bend(log: Log) -> Log:
        index = max(place for place, event in enumerate(log) if event.type == kind)
        said = {"round": 1, "reason": "It failed.", "failures": 1, "reopens_review": False, **data}
        failed = log[index].model_copy(update={"type": "orchestration_failed", "actor": actor, "data": said})
        return [*log[: index + 1], failed, *log[index + 1 :]]

    return bend


def passed_on(**last: Any) -> Bend:
    """The question is invented to be passed on to a manager, and once more with `last`."""

    def bend(log: Log) -> Log:
        index = next(place for place, event in enumerate(log) if event.type == "review_opened")
        asked = {name: value for name, value in log[index].data.items() if name in Escalated.model_fields}
        said = {**asked, "reason": "It is late.", "required_role": "manager"}
        once = log[index].model_copy(update={"type": "escalated", "data": said})
        again = once.model_copy(update={"data": {**said, "due_at": "2026-12-24T12:00:00Z", **last}})
        return [*log[: index + 1], once, again, *log[index + 1 :]]

    return bend


ACTED = ("effect_started", "effect_finished")
BEGUN = ("round_started", "specialist_started", "specialist_finished")
INVESTIGATED = (*BEGUN, "assessed", "review_opened")
BENDS: dict[str, tuple[Bend, str]] = {
    "closed without a decision": (
        bent(without("decision_accepted", *ACTED), saying("case_closed", outcome="cleared")),
        "'case_closed': no accepted decision on round 1 approves it",
    ),
    "closed by itself": (
        bent(without("decision_accepted", *ACTED), saying("case_closed", outcome="auto_cleared")),
        "'case_closed': a person was asked, so a person decides",
    ),
    "closed as done": (without(*ACTED), "'case_closed': what is done by its record is nothing"),
    "closed as unresolved": (
        bent(without("decision_accepted", *ACTED), saying("case_closed", outcome="unresolved")),
        "'case_closed': no manager was asked in round 1",
    ),
    "cleared although done": (
        saying("case_closed", outcome="cleared"),
        "'case_closed': what is done by its record is lock_account",
    ),
    "acted without a decision": (
        without("decision_accepted"),
        "'effect_started': no accepted decision on round 1 approves it",
    ),
    "acted on another approval": (
        saying("decision_accepted", action="clear"),
        "'effect_started': no accepted decision on round 1 approves it",
    ),
    "acted on another customer": (
        saying("effect_started", key="case-impossible_travel-1:lock_account:2"),
        "'effect_started': it is about another customer",
    ),
    "closed as failed": (
        saying("case_closed", outcome="failed"),
        "'case_closed': nothing that was approved in round 1 has failed, or is in doubt for good",
    ),
    "closed as failed before it began": (
        bent(without(*INVESTIGATED, "decision_accepted", *ACTED), saying("case_closed", outcome="failed")),
        "'case_closed': nothing that was approved in round 1 has failed, or is in doubt for good",
    ),
    "failed after an approval that stands": (
        broken_after("decision_accepted", reopens_review=True, round=2),
        "'orchestration_failed': what was answered in round 1 stands",
    ),
    "failed into another round": (
        broken_after("case_opened", reopens_review=True, round=3),
        "'orchestration_failed': the case is in round 1",
    ),
    "failed in a round that was asked about": (
        broken_after("review_opened", reopens_review=True),
        "'orchestration_failed': a person was asked about it already",
    ),
    "failed in another round": (
        broken_after("review_opened", round=2),
        "'orchestration_failed': the case was in round 1",
    ),
    "failed by a person's word": (
        broken_after("review_opened", actor="mallory"),
        "'orchestration_failed': mallory is said to have found out",
    ),
    "failed, and began anew": (
        bent(
            broken_after("assessed", reopens_review=True, round=2),
            lambda log: [
                event.model_copy(update={"type": "round_started", "actor": "worker", "data": {"round": 2}})
                if event.type == "review_opened"
                else event
                for event in log
            ],
        ),
        "'round_started': the orchestration failed, so a person is asked first",
    ),
    "failed, and closed by itself": (
        bent(
            without(*BEGUN, "review_opened", "decision_accepted", *ACTED),
            broken_after("case_opened", reopens_review=True),
            saying("assessed", route="auto_clear"),
            saying("case_closed", outcome="auto_cleared"),
        ),
        "'case_closed': a person was asked, so a person decides",
    ),
    "assessed by nobody": (
        lambda log: [
            event.model_copy(update={"actor": "system"}) if event.type == "assessed" else event for event in log
        ],
        "'assessed': only where the orchestration failed is there an assessment without one",
    ),
    "re-opened": (reopened, "'round_started': the case was closed before it"),
    "another round": (another_round, "'round_started': nobody rejected round 1"),
    "decided by another": (by_another, "'decision_accepted': ana is said to have decided"),
    "decided without being asked": (without("review_opened"), "'decision_accepted': nobody was being asked"),
    "expired early": (
        lambda log: [
            event.model_copy(update={"type": "review_expired"}) if event.type == "decision_accepted" else event
            for event in log
        ],
        "'review_expired': there was time to answer",
    ),
    "passed on early": (passed_on(), "'escalated': there was time to answer"),
    "passed on to fewer people": (passed_on(approvals_required=0), "'escalated': it asks for fewer approvals"),
    "passed on to nobody": (
        bent(passed_on(), without("review_opened")),
        "'escalated': nobody was being asked",
    ),
    "changed before it was approved": (
        lambda log: [
            event.model_copy(
                update={"type": "facts_changed", "data": {"round": 1, "changes": ["Gone."]}, "actor": "worker"}
            )
            if event.type == "decision_accepted"
            else event
            for event in log
        ],
        "'facts_changed': nothing was approved that could have relied on them",
    ),
    "investigated before its round": (
        saying("specialist_started", round=2),
        "'specialist_started': round 2 had not begun",
    ),
}


def named(event: CaseEvent, seq: int) -> str:
    """The name that its step has in the log; any other for an event that does not say what its type says."""
    try:
        return EVENT_TYPES[event.type].model_validate(event.data).dedupe_key(seq - 1)
    except ValidationError:
        return f"step:{seq}"


def write_anew(connection: Connection, case: str, log: Log) -> None:
    """Put a bent log in the place of the real one, with every number, link and hash right."""
    first = min(event.seq for event in log)
    connection.execute(delete(EVENTS).where(EVENTS.c.case_id == case))
    previous: str | None = None
    for seq, event in enumerate(log, first):
        sealed = seal(event.model_copy(update={"seq": seq, "prev_hash": previous}))
        row = sealed.model_dump(exclude={"data"}) | {
            "data": canonical_json(sealed.data),
            "dedupe_key": named(sealed, seq),
        }
        connection.execute(insert(EVENTS).values(**row))
        previous = sealed.hash
    last = first + len(log) - 1
    connection.execute(update(CASES).where(CASES.c.case_id == case).values(last_seq=last, last_hash=previous))
    connection.execute(update(Base.metadata.tables["log_head"]).values(last_seq=last))


@pytest.mark.parametrize("how", BENDS)
def test_forged_case_with_valid_hashes_is_named(book: CaseBook, engine: Engine, how: str):
    case = a_locked_account(book)
    assert book.audit().broken is None
    bend, why = BENDS[how]
    with for_writing(engine).connect() as connection:
        write_anew(connection, case, bend(book.case_events(case)))
        named, alone = verify_case_log(connection).broken, audit_case(connection, case).broken
        connection.rollback()

    assert named is not None
    assert alone == named
    assert (named.case_id, named.row) == (case, "event")
    assert named.reason.startswith(f"nothing before it justifies {why}")


def test_an_export_of_a_bent_case_is_named_too(book: CaseBook):
    case = a_locked_account(book)
    whole = json.loads(b"".join(write_json(book.snapshot(case), lambda name: book.read_attachment(case, name))))
    assert verify_export(json.dumps(whole)).broken is None

    bend, why = BENDS["closed without a decision"]
    previous: str | None = None
    written: list[Any] = []
    for event in bend([CaseEvent.model_validate(each) for each in whole["events"]]):
        sealed = seal(event.model_copy(update={"prev_hash": previous}))
        written.append(sealed.model_dump(mode="json"))
        previous = sealed.hash
    broken = verify_export(json.dumps({**whole, "events": written, "head": previous})).broken

    assert broken is not None
    assert why in broken.reason


def test_second_round_never_closes_by_itself(book: CaseBook, engine: Engine):
    case = open_case(book)
    book.accept_decision(a_decision(ask(book, case), "reject"), MANAGER)
    book.start_round(case, 2)
    log = book.case_events(case)
    assessed = next(event for event in log if event.type == "assessed")
    benign = assessed.model_copy(update={"data": {**assessed.data, "round": 2, "route": "auto_clear"}})
    cleared = log[-1].model_copy(update={"type": "case_closed", "data": {"round": 2, "outcome": "auto_cleared"}})
    with for_writing(engine).connect() as connection:
        write_anew(connection, case, [*log, benign, cleared])
        named = audit_case(connection, case).broken
        assert named is not None
        assert "a person was asked, so a person decides" in named.reason
        connection.rollback()


def test_rewritten_events_are_read_back_unchanged(book: CaseBook, engine: Engine):
    case = a_locked_account(book)
    log = book.case_events(case)
    with for_writing(engine).connect() as connection:
        write_anew(connection, case, log)
        found = [read_event(row) for row in connection.execute(select(EVENTS).order_by(EVENTS.c.seq))]
        assert connection.execute(select(func.count()).select_from(EVENTS)).scalar_one() == len(log)
        assert audit_case(connection, case).broken is None
        connection.rollback()
    assert found == log
