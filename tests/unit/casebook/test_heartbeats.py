"""When each worker was last seen alive."""

from datetime import datetime, timedelta

from sqlalchemy import Engine

from casebook.commands.heartbeats import KEPT_FOR
from casebook.database.transactions import Transactions
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import NOON


def test_each_worker_is_known_by_its_last_sign(engine: Engine) -> None:
    now = NOON

    def clock() -> datetime:
        return now

    workers = CaseBook(Transactions(engine, clock))
    assert workers.signs() == {}
    workers.sign("one")
    workers.sign("two")
    now = NOON + timedelta(seconds=5)
    workers.sign("one")
    assert workers.signs() == {"one": now, "two": NOON}


def test_old_worker_is_forgotten_with_next_sign(engine: Engine) -> None:
    now = NOON

    def clock() -> datetime:
        return now

    workers = CaseBook(Transactions(engine, clock))
    workers.sign("one")
    now = NOON + KEPT_FOR + timedelta(seconds=1)
    assert workers.signs() == {"one": NOON}
    workers.sign("two")
    assert workers.signs() == {"two": now}
