"""The log: in the order of commits, and no line of it changed unseen."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from casebook.case_log.hash_chain import BrokenLink, event_hash, logged_hash, seal, unsealed_hash, verify_chain
from casebook.database.engine import for_writing, open_engine
from casebook.database.transactions import Transactions
from casebook.projection.event_data import EventData
from casebook.projection.event_types import EVENT_TYPES
from contracts.case import CaseEvent
from contracts.hashing import canonical_json, content_hash
from contracts.names import CaseEventType
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    NOON,
    a_decision,
    an_alert,
    an_effect,
    ask,
    begin,
    closing,
    open_case,
)


def whole_story(book: CaseBook, number: int = 1) -> str:
    case = open_case(book, number)
    book.accept_decision(a_decision(ask(book, case)), MANAGER)
    book.start_effect(case, an_effect(case))
    book.finish_effect(case, an_effect(case, status="done"))
    book.close_case(closing(case))
    return case


def test_a_whole_case_is_one_unbroken_chain(book: CaseBook):
    case = whole_story(book)
    events = book.case_events(case)

    assert events[0].prev_hash is None
    assert [event.prev_hash for event in events[1:]] == [event.hash for event in events[:-1]]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert verify_chain(events) is None
    assert events[-1].type == "case_closed"
    assert events[-1].data == {
        "outcome": "account_locked",
        "round": 1,
        "journal": {"entries": 0, "hash": None},
    }


def test_a_hash_covers_every_other_field(book: CaseBook):
    event = book.case_events(open_case(book))[0]
    assert event.hash == content_hash(event.model_dump(mode="json", exclude={"hash"}))
    changes: dict[str, Any] = {
        "seq": 99,
        "case_id": "case-other",
        "type": "case_closed",
        "at": event.at + timedelta(microseconds=1),
        "actor": "mallory",
        "data": {},
        "prev_hash": event.hash,
    }
    assert set(changes) == set(CaseEvent.model_fields) - {"hash"}
    for field, value in changes.items():
        assert event_hash(event.model_copy(update={field: value})) != event.hash, field


def test_the_chains_of_interleaved_cases_verify_together(book: CaseBook):
    first, second = open_case(book, 1), open_case(book, 2)
    begin(book, first)
    begin(book, second)
    book.start_specialist(first, 1, "usage")

    events = book.events_after(0)

    assert [event.case_id for event in events] == [first, second, first, second, first]
    assert verify_chain(events) is None


def test_event_reads_the_same_in_list_and_case(book: CaseBook):
    case = whole_story(book)
    assert book.events_after(0) == book.case_events(case)
    assert book.events_after(3, limit=2) == book.case_events(case)[3:5]
    assert book.events_after(book.last_seq()) == []
    assert book.last_seq() == book.summary(case).last_seq == book.get_fraud_case(case).last_seq


@pytest.mark.parametrize(
    ("tampering", "seq", "reason"),
    [
        ("UPDATE case_event SET actor = 'mallory' WHERE seq = 3", 3, "content"),
        ("UPDATE case_event SET data = '{\"round\":7}' WHERE seq = 2", 2, "content"),
        ("UPDATE case_event SET at = '2020-01-01 00:00:00.000000' WHERE seq = 4", 4, "content"),
        ("DELETE FROM case_event WHERE seq = 5", 6, "link"),
        ("DELETE FROM case_event WHERE seq = 1", 2, "link"),
        ("UPDATE case_event SET seq = 1000 WHERE seq = 5", 6, "link"),
    ],
)
def test_tampering_is_found_at_the_first_invalid_link(
    engine: Engine, book: CaseBook, tampering: str, seq: int, reason: str
):
    case = whole_story(book)
    with for_writing(engine).begin() as connection:
        connection.execute(text(tampering.replace(":7", "\\:7")))

    broken = verify_chain(book.case_events(case))

    assert broken is not None
    assert (broken.case_id, broken.seq) == (case, seq)
    assert reason in broken.reason


def test_forged_event_with_valid_hash_breaks_the_next_link(book: CaseBook):
    events = book.case_events(whole_story(book))
    forged = seal(events[3].model_copy(update={"actor": "mallory"}))

    broken = verify_chain([*events[:3], forged, *events[4:]])

    assert broken == BrokenLink(events[4].case_id, events[4].seq, "it does not link to the event before it in its case")


def test_events_out_of_order_are_found(book: CaseBook):
    events = book.case_events(whole_story(book))
    broken = verify_chain([events[0], events[2], events[1]])
    assert broken is not None
    assert broken.seq == events[2].seq
    assert verify_chain([events[0], events[0]]) == BrokenLink(events[0].case_id, 1, "its seq does not follow 1")


def test_the_audit_finds_what_a_chain_alone_cannot(engine: Engine, book: CaseBook):
    kept, cut = whole_story(book, 1), whole_story(book, 2)
    assert book.verify_case_log() is None

    with for_writing(engine).begin() as connection:
        connection.execute(text("DELETE FROM case_event WHERE seq = :seq"), {"seq": book.last_seq()})

    broken = book.verify_case_log()
    assert broken is not None
    assert broken.case_id == cut
    assert "ends before" in broken.reason
    assert verify_chain(book.case_events(cut)) is None
    assert verify_chain(book.case_events(kept)) is None


def test_audit_finds_a_case_without_a_log(engine: Engine, book: CaseBook, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("casebook.audit.verify.BATCH", 3)
    whole_story(book, 1)
    bare = open_case(book, 2)
    assert book.verify_case_log() is None

    with for_writing(engine).begin() as connection:
        connection.execute(text("DELETE FROM case_event WHERE case_id = :case"), {"case": bare})

    broken = book.verify_case_log()
    assert broken is not None
    assert broken.case_id == bare


def test_tailing_reader_misses_no_event_of_concurrent_writers(url: str, engine: Engine):
    """A reader that has seen n never finds a smaller seq appear later."""
    writers, cases_each = 3, 6
    done = threading.Event()

    def write(offset: int) -> None:
        own = open_engine(url)
        book = CaseBook(Transactions(own))
        for number in range(cases_each):
            case = book.open_case(an_alert(1 + offset * cases_each + number)).case_id
            begin(book, case)
        own.dispose()

    seen: list[int] = []

    def tail() -> None:
        book = CaseBook(Transactions(engine))
        while True:
            finished = done.is_set()
            seen.extend(event.seq for event in book.events_after(seen[-1] if seen else 0))
            if finished:
                return

    reader = threading.Thread(target=tail)
    reader.start()
    threads = [threading.Thread(target=write, args=(offset,)) for offset in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    reader.join()

    assert seen == list(range(1, writers * cases_each * 2 + 1))
    assert verify_chain(CaseBook(Transactions(engine)).events_after(0)) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(data=st.dictionaries(st.text(max_size=5), json_values, max_size=4), at=st.datetimes(timezones=st.just(UTC)))
def test_event_hash_survives_storage(data: dict[str, Any], at: datetime):
    event = seal(
        CaseEvent(
            seq=1,
            case_id="case-x",
            type="case_opened",
            at=at,
            actor="system",
            data=data,
            prev_hash=None,
            hash=unsealed_hash(),
        )
    )
    assert verify_chain([CaseEvent.model_validate_json(event.model_dump_json())]) is None
    kept = event.model_dump(exclude={"data", "hash"})
    assert logged_hash(**kept, data=canonical_json(event.data)) == event.hash


def test_an_event_that_json_cannot_say_is_not_sealed():
    event = CaseEvent.model_construct(
        seq=1,
        case_id="case-x",
        type="case_opened",
        at=NOON,
        actor="system",
        data={"score": float("nan")},
        prev_hash=None,
        hash=unsealed_hash(),
    )
    with pytest.raises(ValueError, match="JSON compliant"):
        event_hash(event)


def test_each_event_type_is_declared_once() -> None:
    assert sorted(EVENT_TYPES) == sorted(get_args(CaseEventType))
    assert all(declared.type == name for name, declared in EVENT_TYPES.items())


def test_only_additions_have_no_guard() -> None:
    unguarded = {name for name, declared in EVENT_TYPES.items() if not _has_guard(declared)}

    assert unguarded == {
        "review_reminded",
        "claimed",
        "claim_released",
        "claim_taken_over",
        "note_added",
        "attachment_added",
    }


def _has_guard(declared: type[EventData]) -> bool:
    return declared.guard.__func__ is not EventData.guard.__func__
