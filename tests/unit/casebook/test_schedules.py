"""The daily reset of message counts: once a day, whoever asks and however often, and never while it is paused."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from casebook.chat_api import ChatApi
from casebook.database.transactions import Transactions
from casebook.desk_api import DeskApi
from casebook.errors import ScheduleNotFound
from casebook.policy.schedules import CLOCKS_DIFFER, day_of_run
from casebook.schedules_api import SchedulesApi
from contracts.schedules import BY_JOB, BY_SCHEDULE, RESET_COUNTS, Schedule
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import SteppingClock
from tests.unit.casebook.test_task_races import all_at_once

BEFORE_MIDNIGHT = datetime(2026, 11, 29, 23, 50, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock(BEFORE_MIDNIGHT)


@pytest.fixture
def chat(engine: Engine, clock: SteppingClock) -> ChatApi:
    return ChatApi(Transactions(engine, clock))


@pytest.fixture
def schedules(chat: ChatApi) -> SchedulesApi:
    begun = SchedulesApi(chat.transactions)
    begun.begin(RESET_COUNTS)
    chat.set_count("bob", 3)
    return begun


def run(schedules: SchedulesApi, asked: date | None = None) -> bool:
    return schedules.run_due(RESET_COUNTS, BY_SCHEDULE, asked)


def shown(schedules: SchedulesApi) -> Schedule:
    (schedule,) = schedules.list_schedules().items
    return schedule


def bob(chat: ChatApi) -> int:
    return chat.message_count("bob").message_count


def test_day_on_which_it_begins_is_done(schedules: SchedulesApi, chat: ChatApi):
    assert not run(schedules)
    assert bob(chat) == 3
    schedule = shown(schedules)
    assert (schedule.state, schedule.last_run_at) == ("active", None)
    assert schedule.next_run_at == datetime(2026, 11, 30, tzinfo=UTC)


def test_midnight_resets_once(schedules: SchedulesApi, chat: ChatApi, clock: SteppingClock):
    clock.now += timedelta(minutes=11)
    assert run(schedules)
    chat.set_count("bob", 5)
    assert not run(schedules)
    assert bob(chat) == 5
    schedule = shown(schedules)
    assert (schedule.last_run_day, schedule.last_run_by) == ("2026-11-30", "schedule")
    assert schedule.next_run_at == datetime(2026, 12, 1, tzinfo=UTC)


def test_job_and_schedule_on_the_same_day_reset_once(schedules: SchedulesApi, clock: SteppingClock):
    clock.now += timedelta(minutes=11)
    assert [schedules.run_due(RESET_COUNTS, each) for each in (BY_JOB, BY_SCHEDULE)] == [True, False]
    clock.now += DAY
    assert [schedules.run_due(RESET_COUNTS, each) for each in (BY_SCHEDULE, BY_JOB)] == [True, False]
    assert shown(schedules).last_run_by == "schedule"


def test_outage_over_two_midnights_ends_with_one_reset(schedules: SchedulesApi, clock: SteppingClock):
    clock.now += 2 * DAY
    late, second = date(2026, 11, 30), date(2026, 12, 1)
    assert [run(schedules, late), run(schedules, second), run(schedules)] == [True, False, False]
    assert shown(schedules).last_run_day == "2026-12-01"
    clock.now += timedelta(minutes=15)
    assert run(schedules)


def test_day_that_began_by_another_clock_counts(schedules: SchedulesApi, clock: SteppingClock):
    clock.now += timedelta(minutes=9)
    assert run(schedules, date(2026, 11, 30))
    clock.now += timedelta(minutes=5)
    assert not run(schedules)


def test_day_far_ahead_is_not_believed():
    today = BEFORE_MIDNIGHT.date()
    assert day_of_run(date(9999, 12, 31), BEFORE_MIDNIGHT - timedelta(hours=1)) == today
    assert day_of_run(date(9999, 12, 31), BEFORE_MIDNIGHT) == (BEFORE_MIDNIGHT + CLOCKS_DIFFER).date()
    assert day_of_run(date(2020, 1, 1), BEFORE_MIDNIGHT) == today


def test_reset_by_hand_takes_no_midnight(schedules: SchedulesApi, chat: ChatApi, clock: SteppingClock):
    schedule = schedules.run_by_hand(RESET_COUNTS, "maria")
    assert (schedule.last_run_by, schedule.last_run_day, bob(chat)) == ("maria", None, 0)
    clock.now += timedelta(minutes=11)
    assert run(schedules)
    schedules.run_by_hand(RESET_COUNTS, "maria")
    assert not run(schedules)


def test_paused_schedule_never_runs_nor_makes_up_for_it(schedules: SchedulesApi, chat: ChatApi, clock: SteppingClock):
    assert schedules.pause(RESET_COUNTS, "maria").next_run_at is None
    clock.now += DAY
    assert [run(schedules), schedules.run_due(RESET_COUNTS, BY_JOB)] == [False, False]
    resumed = schedules.resume(RESET_COUNTS, "ada")
    assert (resumed.state, resumed.changed_by) == ("active", "ada")
    assert not run(schedules)
    assert bob(chat) == 3
    clock.now += DAY
    assert run(schedules)


@pytest.mark.parametrize("later", [timedelta(), timedelta(hours=12)])
def test_resuming_forgets_a_day_far_ahead(schedules: SchedulesApi, clock: SteppingClock, later: timedelta):
    clock.now += 400 * DAY
    assert run(schedules)
    clock.now -= 400 * DAY - later
    assert not run(schedules)
    schedules.pause(RESET_COUNTS, "maria")
    resumed = schedules.resume(RESET_COUNTS, "maria")
    assert resumed.next_run_at is not None
    assert resumed.next_run_at - clock.now <= DAY
    clock.now += DAY
    assert run(schedules)


def test_resuming_keeps_a_day_that_another_clock_began(schedules: SchedulesApi, clock: SteppingClock):
    clock.now += timedelta(minutes=5)
    assert run(schedules, date(2026, 11, 30))
    schedules.pause(RESET_COUNTS, "maria")
    assert schedules.resume(RESET_COUNTS, "maria").next_run_at == datetime(2026, 12, 1, tzinfo=UTC)
    clock.now += timedelta(minutes=30)
    assert not run(schedules)


def test_paused_schedule_can_be_run_by_hand(schedules: SchedulesApi, chat: ChatApi):
    schedules.pause(RESET_COUNTS, "maria")
    schedules.run_by_hand(RESET_COUNTS, "maria")
    assert (bob(chat), shown(schedules).state) == (0, "paused")


def test_what_people_did_is_in_the_desk_log(schedules: SchedulesApi, book: CaseBook):
    for _ in range(2):
        schedules.pause(RESET_COUNTS, "maria")
    for _ in range(2):
        schedules.resume(RESET_COUNTS, "ada")
    schedules.run_by_hand(RESET_COUNTS, "maria")
    schedules.run_by_hand(RESET_COUNTS, "channel")
    log = DeskApi(book.transactions).changes(limit=10).items
    assert [(line.kind, line.actor, line.before, line.after) for line in log] == [
        ("schedule_paused", "maria", None, {"state": "paused"}),
        ("schedule_resumed", "ada", {"state": "paused"}, None),
        ("counts_reset", "maria", {"messages": 3}, None),
        ("counts_reset", "channel", {"messages": 0}, None),
    ]
    assert book.audit().broken is None


@pytest.mark.parametrize("paused", [True, False])
def test_schedule_that_nobody_is_said_to_have_paused(
    schedules: SchedulesApi, book: CaseBook, engine: Engine, paused: bool
):
    if not paused:
        schedules.pause(RESET_COUNTS, "maria")
    with engine.begin() as connection:
        connection.execute(text("UPDATE schedule SET paused = :paused"), {"paused": paused})
    broken = book.audit().broken
    assert broken is not None
    assert broken.reason == ("no line says who paused it" if paused else "what is there now is not what line 1 says")


@pytest.mark.parametrize("act", [SchedulesApi.pause, SchedulesApi.resume, SchedulesApi.run_by_hand])
def test_unknown_schedule_is_refused(schedules: SchedulesApi, act: Callable[[SchedulesApi, str, str], Schedule]):
    with pytest.raises(ScheduleNotFound, match="There is no schedule 'tidy-up'"):
        act(schedules, "tidy-up", "maria")


def test_one_of_several_at_once_resets(schedules: SchedulesApi, clock: SteppingClock, engine: Engine):
    clock.now += timedelta(minutes=11)
    done = all_at_once([lambda: run(schedules)] * 8)
    assert sorted(map(bool, done)) == [False] * 7 + [True]
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM schedule_run")).scalar_one() == 1


def test_first_users_of_an_empty_record_agree(engine: Engine):
    fresh = SchedulesApi(Transactions(engine, SteppingClock(BEFORE_MIDNIGHT)))
    assert all_at_once([lambda: fresh.run_due(RESET_COUNTS, BY_JOB)] * 8) == [False] * 8
