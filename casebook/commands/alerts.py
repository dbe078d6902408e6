"""Puts an alert on record: it joins the customer's open case, or opens one. Inside one transaction."""

from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, false, insert, literal_column, select, true, union_all

from casebook.case_log.append import append, lock_log, next_seq
from casebook.case_log.guard_facts import guard_facts_of
from casebook.case_log.locked_case import LockedCase, lock_case
from casebook.commands.back_tests import note_rule_alert
from casebook.commands.case_words import add_words
from casebook.commands.recovery import is_stalled
from casebook.policy.actors import SYSTEM
from casebook.policy.alert_joins import JoinPolicy, leaves_time
from casebook.projection.alerts import AlertJoined
from casebook.projection.cases import CaseOpened
from casebook.queries.cursors import OpenedCase
from casebook.queries.review_rows import open_question
from casebook.queries.tokenizer import join_words, words_of_alert
from casebook.queries.tombstones import PURGED_ALERTS, refuse_purged
from casebook.schema.base import table_of
from casebook.schema.cases import AlertRow, CaseRow
from casebook.schema.workspace import CaseTextRow
from contracts import ids
from contracts.alert import Alert
from contracts.review import ReviewRequest

CONSIDERED = 5
"""How many open cases of a customer are considered, the newest first."""

_CASES, _ALERTS = table_of(CaseRow), table_of(AlertRow)
_KEEP_WORDS = insert(table_of(CaseTextRow))
_CASE_OF = union_all(
    select(_ALERTS.c.case_id, false().label("purged")).where(
        _ALERTS.c.alert_id == bindparam("of_alert"), _ALERTS.c.moved_to.is_(None)
    ),
    select(PURGED_ALERTS.c.case_id, true().label("purged")).where(PURGED_ALERTS.c.alert_id == bindparam("of_alert")),
)
_NEWEST = (
    select(_CASES.c.case_id, _CASES.c.state)
    .where(_CASES.c.customer_id == bindparam("of_customer"), _CASES.c.alert_id.is_not(None))
    .order_by(_CASES.c.opened_seq.desc())
    .limit(CONSIDERED)
)
_LOCK = select(_CASES.c.case_id).where(_CASES.c.case_id == bindparam("of_case")).with_for_update()
# The words of the partial index, which SQLite compares as they are written.
_OPEN = _NEWEST.where(_CASES.c.state != literal_column("'closed'"))
_FIRST = (
    select(_ALERTS.c.body)
    .select_from(
        _CASES.join(_ALERTS, and_(_ALERTS.c.case_id == _CASES.c.case_id, _ALERTS.c.alert_id == _CASES.c.alert_id))
    )
    .where(_CASES.c.case_id == bindparam("of_case"))
)


def record_alert(
    connection: Connection, alert: Alert, joins: JoinPolicy, now: datetime, raised_by: str | None = None
) -> OpenedCase | None:
    """The case of an alert, which it joins or opens now, or had joined or opened before.

    `raised_by`: the person who raised it; None: a rule. None: another writer opened a case that it may belong to, or
    purged the one that it follows, since this transaction looked; nothing is written, and the caller begins
    again. Raises CasePurged.
    """
    known = _home_of(connection, alert)
    if known is not None:
        return OpenedCase(case_id=known, created=False)
    newest, considered = _cases_of(connection, alert.customer_id)
    # A case may come to follow the newest one, which is not purged while it is locked. Open ones are locked to join.
    follows_closed = newest is not None and newest not in considered
    if follows_closed and connection.execute(_LOCK, {"of_case": newest}).first() is None:
        return None
    for case_id in considered:
        joined = _join(connection, case_id, alert, joins, raised_by or SYSTEM, now)
        if joined is not None:
            return joined
    # Openings queue here. Cases are always locked before the log, so what was opened meanwhile cannot be locked now.
    lock_log(connection)
    known = _home_of(connection, alert)
    if known is not None:
        return OpenedCase(case_id=known, created=False)
    if _cases_of(connection, alert.customer_id) != (newest, considered):
        return None
    return open_with(connection, alert, newest, raised_by or SYSTEM, now)


def _home_of(connection: Connection, alert: Alert) -> str | None:
    """The case that has the alert; None: no case ever had. Raises CasePurged."""
    home = connection.execute(_CASE_OF, {"of_alert": alert.alert_id}).first()
    if home is not None and home.purged:
        refuse_purged(connection, home.case_id)
    return None if home is None else home.case_id


def _cases_of(connection: Connection, customer_id: int) -> tuple[str | None, list[str]]:
    """The newest case with alerts of a customer, and those that are open."""
    of = {"of_customer": customer_id}
    cases = connection.execute(_NEWEST, of).all()
    are_all = len(cases) < CONSIDERED
    found = [each for each in cases if each.state != "closed"] if are_all else connection.execute(_OPEN, of)
    return (cases[0].case_id if cases else None), [each.case_id for each in found]


def open_with(
    connection: Connection,
    alert: Alert,
    follows: str | None,
    actor: str,
    now: datetime,
    scored: float | None = None,
) -> OpenedCase:
    """Open the case of an alert that has none. The caller has locked the log."""
    case_id = ids.case_id(alert.alert_id)
    seq = next_seq(connection)
    opened = CaseOpened(alert=alert, follows=follows, scored=scored)
    append(connection, LockedCase(case_id=case_id), opened, actor, now, seq=seq)
    connection.execute(_KEEP_WORDS, {"opened_seq": seq, "body": join_words(words_of_alert(alert))})
    note_rule_alert(connection, alert, now)
    return OpenedCase(case_id=case_id, created=True)


def _join(
    connection: Connection, case_id: str, alert: Alert, joins: JoinPolicy, actor: str, now: datetime
) -> OpenedCase | None:
    """Join an open case, unless it does not take the alert."""
    case = lock_case(connection, case_id)
    # The lock may have been waited for, behind the same alert.
    known = _home_of(connection, alert)
    if known is not None:
        return OpenedCase(case_id=known, created=False)
    first = Alert.model_validate_json(connection.execute(_FIRST, {"of_case": case_id}).scalar_one())
    if case.state == "closed" or not joins.belongs(alert, first) or is_stalled(connection, case_id, now):
        return None
    if guard_facts_of(connection, case).why_no_alert() is not None:
        return None
    asked = open_question(connection, case_id)
    if asked is not None and asked.required_role == "manager" and not leaves_time(asked.opened_at, asked.due_at, now):
        return None
    join_case(connection, case, alert, asked, actor, now)
    return OpenedCase(
        case_id=case_id, created=False, joined=True, overtaken_round=None if asked is None else case.round
    )


def join_case(
    connection: Connection,
    case: LockedCase,
    alert: Alert,
    asked: ReviewRequest | None,
    actor: str,
    now: datetime,
    moved_from: str | None = None,
    scored: float | None = None,
) -> None:
    """Give a case one more alert, which ends the question that is being `asked`."""
    review_id = None if asked is None else asked.review_id
    joined = AlertJoined(alert=alert, review_id=review_id, moved_from=moved_from, scored=scored)
    append(connection, case, joined, actor, now)
    add_words(connection, case.opened_seq, *words_of_alert(alert))
    note_rule_alert(connection, alert, now)
