"""Reads back-tests, and how the cases of a rule's alerts were decided."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias

from sqlalchemy import Connection, and_, func, select

from casebook.errors import BackTestNotFound
from casebook.schema.back_tests import BackTestRow, RuleAlertRow
from casebook.schema.base import PlainRow, table_of
from casebook.schema.cases import AlertRow, CaseRow
from contracts.back_tests import BackTest, BackTestList, BackTestResult, BackTestSummary, SideCounts

BACK_TESTS, RULE_ALERTS = table_of(BackTestRow), table_of(RuleAlertRow)
_ALERTS, _CASES = table_of(AlertRow), table_of(CaseRow)
SAMPLED = 2_000
"""Alerts of a version that are looked at, at most: of 2,000 decided ones the interval is 4.4 points wide at most."""
MAX_VERSIONS = 20
"""Versions that precision is told of, the newest that alerted."""
Order: TypeAlias = Literal["go_on", "cancel", "lost"]
"""What whoever runs a back-test is told. `lost`: it is not theirs any more, or has ended."""
_ASKED_AT_ONCE = 500
_HOME = and_(_ALERTS.c.alert_id == RULE_ALERTS.c.alert_id, _ALERTS.c.moved_to.is_(None))
_WITHOUT_RESULT = [column for column in BACK_TESTS.c if column.name != "result"]


def back_test_row(connection: Connection, back_test_id: str, *, for_update: bool = False) -> PlainRow:
    """The row of a back-test. Raises BackTestNotFound."""
    one = select(BACK_TESTS).where(BACK_TESTS.c.back_test_id == back_test_id)
    row = connection.execute(one.with_for_update() if for_update else one).first()
    if row is None:
        raise BackTestNotFound(back_test_id)
    return row


def read_back_test(connection: Connection, back_test_id: str) -> BackTest:
    """One back-test with what it found. Raises BackTestNotFound."""
    row = back_test_row(connection, back_test_id)
    result = None if row.result is None else BackTestResult.model_validate_json(row.result)
    return BackTest.model_validate({**_columns(row), "result": result})


def list_back_tests(connection: Connection, rule_id: str) -> BackTestList:
    """Those of a rule, the newest first."""
    found = select(*_WITHOUT_RESULT).where(BACK_TESTS.c.rule_id == rule_id)
    found = found.order_by(BACK_TESTS.c.requested_at.desc(), BACK_TESTS.c.back_test_id)
    return BackTestList(items=tuple(BackTestSummary.model_validate(_columns(row)) for row in connection.execute(found)))


def has_work(connection: Connection) -> bool:
    """Whether a back-test waits for its turn or runs."""
    unfinished = select(BACK_TESTS.c.back_test_id).where(BACK_TESTS.c.state.in_(("queued", "running")))
    return connection.execute(unfinished.limit(1)).first() is not None


def read_order(connection: Connection, back_test_id: str, owner: str, now: datetime) -> Order:
    """What the process of `owner` should do, whether it asks or not."""
    columns = (BACK_TESTS.c.state, BACK_TESTS.c.owner, BACK_TESTS.c.owned_until, BACK_TESTS.c.cancelled_by)
    row = connection.execute(select(*columns).where(BACK_TESTS.c.back_test_id == back_test_id)).first()
    if row is None or row.state != "running" or row.owner != owner or row.owned_until < now:
        return "lost"
    return "go_on" if row.cancelled_by is None else "cancel"


def versions_that_alerted(connection: Connection, rule_id: str, since: datetime) -> list[int]:
    """Versions of a rule with alerts that were recorded since then, the newest first."""
    found: list[int] = []
    versions = select(func.max(RULE_ALERTS.c.rule_version)).where(RULE_ALERTS.c.rule_id == rule_id)
    # One step in the index for each version, however many alerts it has.
    version = connection.execute(versions).scalar()
    while version is not None and len(found) < MAX_VERSIONS:
        if connection.execute(_newest(rule_id, version, since).limit(1)).first() is not None:
            found.append(version)
        version = connection.execute(versions.where(RULE_ALERTS.c.rule_version < version)).scalar()
    return found


def count_opinions(connection: Connection, rule_id: str, version: int, since: datetime) -> dict[str | None, int]:
    """How the cases of a version's newest alerts were closed, by disposition; None: they were not, or nobody said."""
    newest = _newest(rule_id, version, since).order_by(RULE_ALERTS.c.recorded_at.desc()).limit(SAMPLED).subquery()
    homes = newest.join(_ALERTS, and_(_ALERTS.c.alert_id == newest.c.alert_id, _ALERTS.c.moved_to.is_(None)))
    cases = homes.join(_CASES, _CASES.c.case_id == _ALERTS.c.case_id)
    by = select(_CASES.c.state, _CASES.c.disposition, func.count().label("alerts")).select_from(cases)
    counts: dict[str | None, int] = {}
    for row in connection.execute(by.group_by(_CASES.c.state, _CASES.c.disposition)):
        opinion = row.disposition if row.state == "closed" else None
        counts[opinion] = counts.get(opinion, 0) + row.alerts
    return counts


def opinions_of(connection: Connection, alert_ids: Sequence[str]) -> dict[str, bool]:
    """Of which alerts people said in closing their cases that they were fraud, and of which that they were none."""
    said: dict[str, bool] = {}
    # Conditions on cases would let SQLite begin with all that have an opinion.
    homes = RULE_ALERTS.join(_ALERTS, _HOME).join(_CASES, _CASES.c.case_id == _ALERTS.c.case_id)
    found = select(RULE_ALERTS.c.alert_id, _CASES.c.state, _CASES.c.disposition).select_from(homes)
    for first in range(0, len(alert_ids), _ASKED_AT_ONCE):
        some = found.where(RULE_ALERTS.c.alert_id.in_(alert_ids[first : first + _ASKED_AT_ONCE]))
        for row in connection.execute(some):
            if row.state == "closed" and row.disposition in ("confirmed_fraud", "false_positive"):
                said[row.alert_id] = row.disposition == "confirmed_fraud"
    return said


def _newest(rule_id: str, version: int, since: datetime) -> Any:
    own = (RULE_ALERTS.c.rule_id == rule_id) & (RULE_ALERTS.c.rule_version == version)
    return select(RULE_ALERTS.c.alert_id).where(own, RULE_ALERTS.c.recorded_at >= since)


def _columns(row: PlainRow) -> dict[str, Any]:
    columns = {name: getattr(row, name) for name in BackTestSummary.model_fields}
    total = None if row.total is None else SideCounts.model_validate_json(row.total)
    return {**columns, "source": json.loads(row.source), "total": total}
