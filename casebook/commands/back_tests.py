"""Orders, runs and ends back-tests. Each command runs inside one transaction.

One back-test runs at a time. The process that runs it holds a lease and renews it with each report; when the lease has
run out, the process is gone, and the back-test was interrupted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from pydantic import JsonValue
from sqlalchemy import Connection, delete, func, insert, select, update

from casebook.case_log.desk_chain import Changed
from casebook.commands.desk_log import log_change
from casebook.database.upserts import upsert
from casebook.errors import BackTestEnded, BackTestExists, TooManyBackTests
from casebook.queries.back_tests import BACK_TESTS, RULE_ALERTS, Order, back_test_row
from casebook.queries.detection_rules import HEAD, version_name
from casebook.schema.base import PlainRow
from contracts.alert import Alert
from contracts.back_tests import KEPT_OF_RULE, MAX_WAITING, BackTestResult, BackTestState, NewBackTest
from contracts.hashing import canonical_json

LEASE = timedelta(seconds=15)
"""For so long the process that runs a back-test may say nothing."""
STARTING = timedelta(seconds=60)
"""For so long it may take until that process says its first word: on a busy machine it takes a while to start."""
GONE = "The process that ran it ended before it was done: order it again."


@dataclass(frozen=True)
class BackTestProgress:
    """How far a back-test is."""

    events: int
    reached_at: datetime | None
    share: float | None


def request_back_test(
    connection: Connection, rule_id: str, compared_with: int, order: NewBackTest, actor: str, now: datetime
) -> str:
    """Let a back-test wait for its turn; its id. Raises BackTestExists, TooManyBackTests."""
    _lock(connection)
    source = canonical_json(order.source)
    waiting = connection.execute(select(BACK_TESTS).where(BACK_TESTS.c.state.in_(("queued", "running")))).all()
    same = (rule_id, order.version, compared_with, source)
    for row in waiting:
        if (row.rule_id, row.version, row.compared_with, row.source) == same and row.cancelled_by is None:
            raise BackTestExists(rule_id, order.version, row.requested_by)
    if sum(row.state == "queued" for row in waiting) >= MAX_WAITING:
        raise TooManyBackTests(MAX_WAITING)
    back_test_id = f"bt-{uuid4().hex}"
    row = {
        "back_test_id": back_test_id,
        "rule_id": rule_id,
        "version": order.version,
        "compared_with": compared_with,
        "source": source,
        "reason": order.reason,
        "requested_by": actor,
        "requested_at": now,
        "state": "queued",
        "events": 0,
    }
    connection.execute(insert(BACK_TESTS), row)
    said: Mapping[str, JsonValue] = {
        "back_test_id": back_test_id,
        "compared_with": compared_with,
        "source": order.source.model_dump(mode="json"),
        "reason": order.reason,
    }
    name = version_name(rule_id, order.version)
    log_change(connection, Changed(now, actor, "back_test_requested", name, None, said))
    _forget_old(connection, rule_id)
    return back_test_id


def cancel_back_test(connection: Connection, back_test_id: str, actor: str, now: datetime) -> None:
    """End a back-test: at once while it waits, else when the process that runs it reports next.

    Raises BackTestNotFound, BackTestEnded.
    """
    row = back_test_row(connection, back_test_id, for_update=True)
    if row.state not in ("queued", "running"):
        raise BackTestEnded(row.state)
    if row.cancelled_by is not None:
        return
    ended = {"state": "cancelled", "ended_at": now} if row.state == "queued" else {}
    _change(connection, row, {"cancelled_by": actor, **ended})
    name = version_name(row.rule_id, row.version)
    said: Mapping[str, JsonValue] = {"back_test_id": back_test_id}
    log_change(connection, Changed(now, actor, "back_test_cancelled", name, None, said))


def take_next(connection: Connection, owner: str, now: datetime) -> str | None:
    """The back-test that waits longest, which `owner` runs from now on. None: there is none, or another one runs."""
    _lock(connection)
    running = connection.execute(select(BACK_TESTS).where(BACK_TESTS.c.state == "running")).all()
    for row in running:
        if row.owned_until < now:
            _end(connection, row, "interrupted", now, problem=GONE)
    if any(row.owned_until >= now for row in running):
        return None
    waiting = select(BACK_TESTS).where(BACK_TESTS.c.state == "queued")
    row = connection.execute(waiting.order_by(BACK_TESTS.c.requested_at, BACK_TESTS.c.back_test_id)).first()
    if row is None:
        return None
    lease = {"owner": owner, "owned_until": now + STARTING}
    _change(connection, row, {"state": "running", "started_at": now, **lease})
    return row.back_test_id


def begin(connection: Connection, back_test_id: str, owner: str, rules_revision: int, now: datetime) -> Order:
    """Say by which settings of detection it is judged."""
    return _as_owner(connection, back_test_id, owner, {"rules_revision": rules_revision}, now)


def report(connection: Connection, back_test_id: str, owner: str, progress: BackTestProgress, now: datetime) -> Order:
    """Say how far it is, and hold the lease."""
    values = {"events": progress.events, "reached_at": progress.reached_at, "share": progress.share}
    return _as_owner(connection, back_test_id, owner, values, now)


def end(
    connection: Connection,
    back_test_id: str,
    owner: str,
    state: BackTestState,
    now: datetime,
    *,
    problem: str | None = None,
    result: BackTestResult | None = None,
) -> bool:
    """Put the end on record. False: it is not theirs any more, or has ended. Of one that was to be cancelled and is
    not done, it is `cancelled`."""
    row = back_test_row(connection, back_test_id, for_update=True)
    if row.state != "running" or row.owner != owner:
        return False
    _end(connection, row, state, now, problem=problem, result=result)
    return True


def note_rule_alert(connection: Connection, alert: Alert, now: datetime) -> None:
    """Remember which version of a rule raised an alert. Nothing for one that a person raised, or that is known."""
    if alert.source == "manual":
        return
    row = upsert(connection, RULE_ALERTS).values(
        alert_id=alert.alert_id, rule_id=alert.rule_id, rule_version=alert.rule_version, recorded_at=now
    )
    connection.execute(row.on_conflict_do_nothing(index_elements=["alert_id"]))


def _lock(connection: Connection) -> None:
    """Wait for who orders or takes a back-test now: as for settings of detection, one at a time."""
    connection.execute(select(HEAD.c.revision).with_for_update()).one()


def _as_owner(connection: Connection, back_test_id: str, owner: str, values: Mapping[str, Any], now: datetime) -> Order:
    row = back_test_row(connection, back_test_id, for_update=True)
    if row.state != "running" or row.owner != owner:
        return "lost"
    _change(connection, row, {**values, "owned_until": now + LEASE})
    return "go_on" if row.cancelled_by is None else "cancel"


def _end(
    connection: Connection,
    row: PlainRow,
    state: BackTestState,
    now: datetime,
    *,
    problem: str | None = None,
    result: BackTestResult | None = None,
) -> None:
    if row.cancelled_by is not None and state != "done":
        state, problem = "cancelled", None
    values: dict[str, Any] = {"state": state, "ended_at": now, "problem": problem, "owner": None, "owned_until": None}
    if result is not None:
        values |= {
            "result": canonical_json(result),
            "total": canonical_json(result.total),
            "events": result.events,
            "reached_at": result.last_at,
            "share": 1.0,
        }
    _change(connection, row, values)


def _change(connection: Connection, row: PlainRow, values: Mapping[str, Any]) -> None:
    connection.execute(update(BACK_TESTS).where(BACK_TESTS.c.back_test_id == row.back_test_id).values(**values))


def _forget_old(connection: Connection, rule_id: str) -> None:
    """Keep the newest of a rule; what waits or runs is kept."""
    ended = (BACK_TESTS.c.rule_id == rule_id) & BACK_TESTS.c.state.not_in(("queued", "running"))
    count = connection.execute(select(func.count()).where(BACK_TESTS.c.rule_id == rule_id)).scalar_one()
    if count <= KEPT_OF_RULE:
        return
    oldest = select(BACK_TESTS.c.back_test_id).where(ended)
    oldest = oldest.order_by(BACK_TESTS.c.requested_at, BACK_TESTS.c.back_test_id).limit(count - KEPT_OF_RULE)
    connection.execute(delete(BACK_TESTS).where(BACK_TESTS.c.back_test_id.in_(oldest.scalar_subquery())))
