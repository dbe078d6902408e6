"""Sessions: one row each, ended by people and by time, and said in the security log."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, text

from casebook.commands.sessions import MAX_OPEN, AtProvider, NewSession
from casebook.database.engine import open_engine
from casebook.database.transactions import Transactions
from casebook.queries.sessions import KnownPerson, KnownSession
from casebook.security_log_api import SecurityLogApi
from casebook.sessions_api import SessionsApi
from contracts.review import Role
from contracts.security import SecurityEvent
from contracts.sessions import SessionEnd, SessionKind
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import NOON, SteppingClock

IDLE, LIFETIME = timedelta(hours=1), timedelta(hours=12)
ENDS: tuple[SessionEnd, ...] = ("signed_out", "ended_by_admin")
LATER = NOON + timedelta(days=1)
RECHECK, LEASE = timedelta(minutes=15), timedelta(minutes=1)
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


def at_provider(number: int, sid: str | None = None, subject: str = "ana") -> NewSession:
    return replace(new(number, subject), provider=AtProvider(sid, f"sealed-{number}", RECHECK))


def test_provider_is_asked_by_one_replica_at_a_time(sessions: SessionsApi, clock: SteppingClock):
    sessions.begin(at_provider(1))
    assert sessions.take_recheck(named(1), LEASE) is None
    clock.now += RECHECK
    assert sessions.take_recheck(named(1), LEASE) == "sealed-1"
    assert sessions.take_recheck(named(1), LEASE) is None
    # Whoever took it died.
    clock.now += LEASE
    assert sessions.take_recheck(named(1), LEASE) == "sealed-1"
    sessions.keep_rechecked(named(1), AtProvider(None, "sealed-again", RECHECK))
    clock.now += LEASE
    assert sessions.take_recheck(named(1), LEASE) is None
    clock.now += RECHECK
    assert sessions.take_recheck(named(1), LEASE) == "sealed-again"


def test_session_that_is_over_is_not_rechecked(sessions: SessionsApi, clock: SteppingClock):
    sessions.begin(at_provider(1))
    sessions.begin(new(2))
    clock.now += RECHECK
    sessions.end(named(1), "signed_out", HERE)
    assert [sessions.take_recheck(named(number), LEASE) for number in (1, 2, 3)] == [None] * 3
    sessions.keep_rechecked(named(1), AtProvider(None, "late", RECHECK))
    known = sessions.find("hash-1")
    assert known is not None
    assert (known.end, known.recheck_at is not None) == ("signed_out", True)


def test_provider_ends_one_session_of_its_own(sessions: SessionsApi, log: SecurityLogApi):
    sessions.begin(at_provider(1, "sid-1"))
    sessions.begin(at_provider(2, "sid-1"))
    sessions.begin(at_provider(3, "sid-2"))
    ended = sessions.end_of_provider("sid-1", "ana", LATER, THERE)
    assert [each.session_id for each in ended] == [named(1), named(2)]
    assert ids(sessions) == [named(3)]
    assert said(log)[-1] == ("session_ended", "ana", named(2), "ended_by_provider")
    assert sessions.end_of_provider("sid-1", "ana", LATER, THERE) == ()


def test_provider_ends_all_of_somebody(sessions: SessionsApi):
    sessions.begin(at_provider(1, "sid-1"))
    sessions.begin(new(2))
    sessions.begin(at_provider(3, "sid-3", "ben"))
    assert len(sessions.end_of_provider(None, "ana", LATER, THERE)) == 2
    assert ids(sessions) == [named(3)]
    assert sessions.end_of_provider(None, None, LATER, THERE) == ()


def test_old_word_of_the_provider_ends_no_new_session(sessions: SessionsApi, clock: SteppingClock):
    sessions.begin(at_provider(1, "sid-1"))
    clock.now += timedelta(minutes=10)
    begun = sessions.begin(at_provider(2, "sid-1"))
    ended = sessions.end_of_provider("sid-1", "ana", begun.began_at - timedelta(minutes=5), THERE)
    assert [each.session_id for each in ended] == [named(1)]


def test_ended_session_keeps_no_token_of_the_provider(sessions: SessionsApi, engine: Engine):
    for number, end in enumerate(ENDS, start=1):
        sessions.begin(at_provider(number))
        sessions.end(named(number), end, HERE)
    with engine.connect() as connection:
        assert [*connection.scalars(text("SELECT sealed_token FROM session"))] == [None, None]


def test_token_is_one_session_however_often_it_is_shown(url: str, engine: Engine, book: CaseBook, log: SecurityLogApi):
    token = replace(new(0, "gateway", (), "provider_token"), scopes=("chat",))
    engines = [engine, open_engine(url)]
    replicas = [SessionsApi(Transactions(each, book.transactions.now)) for each in engines]
    shown = [replace(token, session_id=named(number)) for number in range(8)]

    def show(number: int) -> KnownSession:
        return replicas[number % 2].begin_once(shown[number])

    with ThreadPoolExecutor(8) as pool:
        known = [*pool.map(show, range(8))]
    engines[1].dispose()
    assert len({each.record.session_id for each in known}) == 1
    assert known[0].record.scopes == ("chat",)
    (line,) = log.list().items
    assert (line.kind, line.subject, line.detail) == (
        "token_accepted",
        "gateway",
        {"roles": [], "client": "Firefox", "scopes": ["chat"]},
    )


def test_token_that_was_ended_stays_so_until_it_expires(sessions: SessionsApi, clock: SteppingClock):
    token = replace(new(1, kind="provider_token"), lifetime=timedelta(days=30), idle=timedelta(days=30))
    begun = sessions.begin_once(token)
    sessions.begin(replace(new(2), lifetime=timedelta(days=30), idle=timedelta(days=30)))
    for number in (1, 2):
        sessions.end(named(number), "ended_by_admin", HERE, "alex")
    clock.now += timedelta(days=29)
    sessions.end_run_out()
    assert sessions.begin_once(replace(token, session_id=named(3))).end == "ended_by_admin"
    assert sessions.find("hash-2") is None
    clock.now = begun.record.ends_at + timedelta(days=2)
    sessions.end_run_out()
    assert sessions.find("hash-1") is None


def test_people_are_those_who_signed_in_at_the_provider(sessions: SessionsApi):
    sessions.begin(new(1, "vera"))
    sessions.begin(at_provider(2, subject="ben"))
    sessions.begin(at_provider(3, subject="ana"))
    sessions.begin(replace(at_provider(4, subject="ana"), name="Ana B.", roles=("manager",)))
    sessions.begin_once(new(5, "gateway", (), "provider_token"))
    assert sessions.people() == (
        KnownPerson("ana", "Ana B.", ("manager",)),
        KnownPerson("ben", "Ben", ("analyst",)),
    )
    assert (sessions.find_person("ben"), sessions.find_person("vera")) == (sessions.people()[1], None)
    sessions.remember_person("ben", "Ben", ())
    assert sessions.people()[1] == KnownPerson("ben", "Ben", ())
