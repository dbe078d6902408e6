"""Sessions: one row each, ended by people and by time, and said in the security log."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event

from casebook.commands.sessions import MAX_OPEN, NewSession
from casebook.database.engine import open_engine
from casebook.database.transactions import Transactions
from casebook.security_log_api import SecurityLogApi
from casebook.sessions_api import SessionsApi
from contracts.review import Role
from contracts.security import SecurityEvent
from contracts.sessions import SessionEnd, SessionKind
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import NOON, SteppingClock

IDLE, LIFETIME = timedelta(hours=1), timedelta(hours=12)
HERE, THERE = "192.0.2.1", "192.0.2.2"


def named(number: int) -> str:
    return f"session-{number:032x}"


def new(
    number: int, subject: str = "ana", roles: tuple[Role, ...] = ("analyst",), kind: SessionKind = "browser"
) -> NewSession:
    return NewSession(
        named(number), f"hash-{number}", subject, subject.title(), roles, kind, HERE, "Firefox", IDLE, LIFETIME
    )


@pytest.fixture
def sessions(book: CaseBook) -> SessionsApi:
    return SessionsApi(book.transactions)


@pytest.fixture
def log(book: CaseBook) -> SecurityLogApi:
    return SecurityLogApi(book.transactions)


def said(log: SecurityLogApi) -> list[tuple[str, str | None, str | None, str | None]]:
    return [(each.kind, each.subject, each.target, each.reason) for each in log.list(limit=500).items]


def ids(sessions: SessionsApi, subject: str | None = None) -> list[str]:
    return [each.session_id for each in sessions.list_open(subject)[0]]


def test_session_is_found_by_the_hash_of_its_secret(sessions: SessionsApi):
    begun = sessions.begin(new(1))
    known = sessions.find("hash-1")
    assert known is not None
    assert (known.record, known.ended_at, known.end) == (begun, None, None)
    assert (begun.idle_ends_at - begun.began_at, begun.ends_at - begun.began_at) == (IDLE, LIFETIME)
    assert sessions.find("hash-2") is None
    assert sessions.find(begun.session_id) is None


def test_idle_never_outlasts_the_whole_life(sessions: SessionsApi, clock: SteppingClock):
    begun = sessions.begin(replace(new(1), idle=timedelta(days=2)))
    assert begun.idle_ends_at == begun.ends_at
    clock.now = begun.ends_at
    sessions.use(begun.session_id, IDLE)
    assert ids(sessions) == []


def test_use_moves_the_idle_end_and_only_forwards(sessions: SessionsApi, clock: SteppingClock):
    begun = sessions.begin(new(1))
    clock.now += timedelta(minutes=30)
    sessions.use(begun.session_id, IDLE)
    (later,), _ = sessions.list_open()
    assert later.idle_ends_at == later.last_used_at + IDLE > begun.idle_ends_at
    clock.now -= timedelta(minutes=10)
    sessions.use(begun.session_id, IDLE)
    assert sessions.list_open()[0] == (later,)
    clock.now = begun.ends_at - timedelta(hours=11)
    sessions.use(begun.session_id, LIFETIME)
    assert sessions.list_open()[0][0].idle_ends_at == begun.ends_at


@pytest.mark.parametrize("end", ["signed_out", "ended_by_holder"])
def test_ended_session_stays_known_and_is_not_used_again(sessions: SessionsApi, log: SecurityLogApi, end: SessionEnd):
    begun = sessions.begin(new(1))
    assert sessions.end(begun.session_id, end, THERE) == begun
    assert sessions.end(begun.session_id, end, THERE) is None
    sessions.use(begun.session_id, IDLE)
    known = sessions.find("hash-1")
    assert known is not None
    assert (known.end, known.record.idle_ends_at) == (end, begun.idle_ends_at)
    assert known.ended_at is not None
    assert (ids(sessions), sessions.still_open([begun.session_id, named(9)])) == ([], frozenset())
    assert said(log) == [("signed_in", "ana", named(1), None), ("session_ended", "ana", named(1), end)]


def test_log_says_who_ended_a_session_of_somebody_else(sessions: SessionsApi, log: SecurityLogApi):
    sessions.begin(new(1))
    sessions.end(named(1), "ended_by_admin", THERE, "alex")
    last = log.list().items[-1]
    assert (last.subject, last.target, last.reason, last.address, last.detail) == (
        "alex", named(1), "ended_by_admin", THERE, {"holder": "ana"},
    )  # fmt: skip


def test_new_session_of_a_browser_ends_the_one_before(sessions: SessionsApi, log: SecurityLogApi):
    sessions.begin(new(1))
    sessions.begin(new(2, "ben"), replaces=named(1))
    sessions.begin(new(3, "ben"), replaces=named(1))
    assert ids(sessions) == [named(3), named(2)]
    assert said(log)[1:] == [
        ("session_ended", "ana", named(1), "replaced"),
        ("signed_in", "ben", named(2), None),
        ("signed_in", "ben", named(3), None),
    ]


def test_oldest_session_ends_when_there_are_too_many(sessions: SessionsApi, log: SecurityLogApi):
    for number in range(1, MAX_OPEN + 3):
        sessions.begin(new(number, kind="program"))
    sessions.begin(new(998))
    sessions.begin(new(999, "ben"))
    assert ids(sessions, "ana") == [named(998), *(named(number) for number in range(MAX_OPEN + 2, 2, -1))]
    assert [each for each in said(log) if each[0] == "session_ended"] == [
        ("session_ended", "ana", named(number), "too_many") for number in (1, 2)
    ]
    assert sessions.list_open("ben")[1] == 1


def test_time_ends_sessions_and_the_log_says_why(sessions: SessionsApi, log: SecurityLogApi, clock: SteppingClock):
    sessions.begin(new(1))
    sessions.begin(new(2, "ben"))
    clock.now = NOON + LIFETIME - timedelta(minutes=30)
    # Too late: idle for hours.
    sessions.use(named(2), IDLE)
    assert ids(sessions) == []
    assert sessions.end_run_out() == 2
    assert sessions.end_run_out() == 0
    assert {each[2:] for each in said(log)[2:]} == {(named(1), "idle"), (named(2), "idle")}
    known = sessions.find("hash-1")
    assert known is not None
    assert known.end == "idle"
    clock.now += timedelta(days=1, minutes=1)
    sessions.end_run_out()
    assert sessions.find("hash-1") is None


def test_session_that_lived_its_whole_life_is_expired(sessions: SessionsApi, log: SecurityLogApi, clock: SteppingClock):
    begun = sessions.begin(replace(new(1), idle=LIFETIME))
    clock.now = begun.ends_at - timedelta(seconds=2)
    assert (sessions.end_run_out(), sessions.end_run_out()) == (0, 1)
    assert said(log)[-1] == ("session_ended", "ana", named(1), "expired")


def test_list_is_newest_first_and_counts_all(sessions: SessionsApi):
    for number in range(1, 5):
        sessions.begin(new(number, "ana" if number % 2 else "ben"))
    items, total = sessions.list_open()
    assert ([each.session_id for each in items], total) == ([named(number) for number in (4, 3, 2, 1)], 4)
    assert (ids(sessions, "ben"), sessions.list_open("nobody")) == ([named(4), named(2)], ((), 0))


def test_sign_in_is_logged_with_roles_and_client(sessions: SessionsApi, log: SecurityLogApi):
    sessions.begin(new(1, roles=("analyst", "admin")))
    sessions.begin(new(2, kind="program"))
    expected: list[tuple[str, dict[str, object]]] = [
        ("signed_in", {"roles": ["analyst", "admin"], "client": "Firefox"}),
        ("token_issued", {"roles": ["analyst"], "client": "Firefox"}),
    ]

    def shown(each: SecurityEvent) -> tuple[str, dict[str, object]]:
        return each.kind, {**each.detail}

    assert [shown(each) for each in log.list().items] == expected


def test_nothing_about_sessions_is_heard_by_who_follows_cases(book: CaseBook, sessions: SessionsApi):
    heard: list[None] = []
    with book.transactions.on_commit(lambda: heard.append(None)):
        sessions.begin(new(1))
        sessions.use(named(1), IDLE * 2)
        sessions.end(named(1), "signed_out", HERE)
    assert (heard, book.last_seq()) == ([], 0)


def test_finding_a_session_takes_one_statement(sessions: SessionsApi, engine: Engine):
    sessions.begin(new(1))
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    sessions.find("hash-1")
    sessions.still_open([named(number) for number in range(500)])
    assert len([each for each in statements if not each.startswith(("BEGIN", "PRAGMA"))]) == 2


def test_backends_that_end_one_session_say_so_once(url: str, engine: Engine, book: CaseBook, log: SecurityLogApi):
    engines = [engine, open_engine(url)]
    facades = [SessionsApi(Transactions(engines[number % 2])) for number in range(8)]
    for number in range(1, 11):
        facades[0].begin(new(number))

    def end_all(facade: SessionsApi) -> int:
        return sum(facade.end(named(number), "signed_out", HERE) is not None for number in range(1, 11))

    with ThreadPoolExecutor(len(facades)) as threads:
        assert sum(threads.map(end_all, facades)) == 10
    engines[1].dispose()
    assert [each[0] for each in said(log)].count("session_ended") == 10
    assert book.audit().broken is None
