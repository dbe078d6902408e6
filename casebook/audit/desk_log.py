"""Verifies the desk log: its chain from the first line on, and what is there now against what it says last."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Literal, TypeAlias

from sqlalchemy import Connection, select

from casebook.audit.line_chains import FETCHED, UNREADABLE, WRONG, LineAudit, follow_lines
from casebook.case_log.desk_chain import Values, written
from casebook.case_log.hash_chain import BrokenLink
from casebook.case_log.line_chain import line_hash
from casebook.projection.changes import as_json
from casebook.queries import detection_rules, risk_score
from casebook.queries.assignments import SETTING, setting_values
from casebook.queries.desk_log import change_in
from casebook.queries.saved_views import view_values
from casebook.queries.schedules import PAUSED, paused_schedules
from casebook.queries.subscriptions import secrets_of, subscription_values
from casebook.queries.tombstones import every_tombstone, tombstone_values
from casebook.schema.assignments import AssignmentSettingRow
from casebook.schema.base import PlainRow, table_of
from casebook.schema.chat import ChatUserRow
from casebook.schema.deliveries import SubscriptionRow
from casebook.schema.desk_log import DeskChangeRow, DeskLogHead
from casebook.schema.workspace import SavedViewRow
from contracts.desk_log import DeskChangeKind
from contracts.hashing import content_hash

ROW = "desk_change"

Thing = Literal[
    "saved_view",
    "assignment_setting",
    "chat_user",
    "subscription",
    "schedule",
    "rule_version",
    "detection_rule",
    "alert_snooze",
    "suppression",
    "risk_model",
    "purged_case",
]
"""The table of what was changed."""
Key: TypeAlias = tuple[Thing, str | None, str]
"""What it is, whose it is, and what it is called."""

_THINGS: Mapping[DeskChangeKind, Thing | None] = {
    "view_saved": "saved_view",
    "view_deleted": "saved_view",
    "view_unshared": "saved_view",
    "assignment_changed": "assignment_setting",
    "user_linked": "chat_user",
    "subscription_created": "subscription",
    "subscription_changed": "subscription",
    "subscription_deleted": "subscription",
    "rule_drafted": "rule_version",
    "rule_shadowed": "detection_rule",
    "rule_shadow_ended": "detection_rule",
    "rule_promoted": "detection_rule",
    "rule_rolled_back": "detection_rule",
    "rule_switched_off": "detection_rule",
    "rule_switched_on": "detection_rule",
    "alerts_snoozed": "alert_snooze",
    "alerts_unsnoozed": "alert_snooze",
    "suppression_added": "suppression",
    "suppression_removed": "suppression",
    "model_rolled_back": "risk_model",
    "case_purged": "purged_case",
    # Nothing is left of it, or what is left goes on changing.
    "conversation_erased": None,
    "back_test_requested": None,
    "back_test_cancelled": None,
    "schedule_paused": "schedule",
    "schedule_resumed": "schedule",
    "counts_reset": None,
    "events_replayed": None,
    "dead_letters_resent": None,
    "dead_letter_dropped": None,
    "telemetry_retried": None,
    "telemetry_dropped": None,
    # Verified with the access record.
    "accesses_purged": None,
}

_SAID_FROM_THE_FIRST: Mapping[Thing, str] = {
    "chat_user": "linked",
    "subscription": "made",
    "schedule": "paused",
    "rule_version": "made",
    "detection_rule": "changed",
    "alert_snooze": "made",
    "suppression": "added",
    "risk_model": "went back to",
    "purged_case": "purged",
}
"""Of these the log tells everything: no release made one without saying so."""

_CHANGES, _HEAD, _VIEWS = table_of(DeskChangeRow), table_of(DeskLogHead), table_of(SavedViewRow)
_USERS = table_of(ChatUserRow)
_SUBSCRIPTIONS = table_of(SubscriptionRow)
_EACH_SUBSCRIPTION = select(_SUBSCRIPTIONS).order_by(_SUBSCRIPTIONS.c.subscription_id)
_ALL = select(_CHANGES).order_by(_CHANGES.c.number).execution_options(yield_per=FETCHED)
_END = select(_HEAD).where(_HEAD.c.id == 1)
_SETTING = select(table_of(AssignmentSettingRow))
_LINKED = (
    select(_USERS.c.user_id, _USERS.c.customer_id).where(_USERS.c.customer_id.is_not(None)).order_by(_USERS.c.user_id)
)
_EACH_VIEW = select(_VIEWS).order_by(_VIEWS.c.subject, _VIEWS.c.name)


def verify_desk_log(connection: Connection, anchored: Iterable[int] = ()) -> LineAudit:
    """Follow the log from its first line to its end, and compare what there is with what it says last."""
    said: dict[Key, tuple[int, str | None]] = {}

    def why_invalid(row: PlainRow, previous: str | None) -> str | None:
        try:
            change = change_in(row)
        except (ValueError, TypeError):
            return UNREADABLE
        is_as_written = (row.before, row.after) == tuple(written(values) for values in (change.before, change.after))
        if not is_as_written or row.hash != line_hash(previous, change):
            return WRONG
        if change.kind == "case_purged" and (change.after or {}).get("purged_at") != as_json(change.at):
            return "it says that the case was purged at another time"
        thing = _THINGS[change.kind]
        if thing is not None:
            said[thing, change.owner, change.name] = (change.number, _digest(change.after))
        return None

    audit = follow_lines(connection, _ALL, _END, why_invalid, table=ROW, record="desk log", anchored=anchored)
    audit.broken = audit.broken or next(_other_than_said(connection, said), None)
    return audit


def _other_than_said(connection: Connection, said: dict[Key, tuple[int, str | None]]) -> Iterator[BrokenLink]:
    """What is not as the log says last. Older releases made settings and views of which it says nothing."""
    there = dict(_what_is_there(connection))
    for key, (number, digest) in said.items():
        if there.get(key) != digest:
            yield BrokenLink("", number, f"what is there now is not what line {number} says", _place(key))
    for key in there:
        if key[0] in _SAID_FROM_THE_FIRST and key not in said:
            yield BrokenLink("", 0, f"no line says who {_SAID_FROM_THE_FIRST[key[0]]} it", _place(key))


def _what_is_there(connection: Connection) -> Iterator[tuple[Key, str | None]]:
    for row in connection.execute(_EACH_VIEW):
        yield ("saved_view", row.subject, row.name), _digest_of(row, view_values)
    for row in connection.execute(_SETTING):
        yield ("assignment_setting", None, SETTING), _digest_of(row, setting_values)
    for row in connection.execute(_LINKED):
        yield ("chat_user", None, row.user_id), _digest({"customer_id": row.customer_id})
    for schedule_id in paused_schedules(connection):
        yield ("schedule", None, schedule_id), _digest(PAUSED)
    for row in every_tombstone(connection):
        yield ("purged_case", None, row.case_id), _digest_of(row, tombstone_values)
    yield from _set_for_detection(connection)
    for row in connection.execute(_EACH_SUBSCRIPTION).all():
        secret_ids = [each.secret_id for each in secrets_of(connection, row.subscription_id)]
        yield ("subscription", None, row.subscription_id), _digest_of(row, partial(_subscription_values, secret_ids))


def _set_for_detection(connection: Connection) -> Iterator[tuple[Key, str | None]]:
    for row in detection_rules.every_version(connection):
        name = detection_rules.version_name(row.rule_id, row.version)
        yield ("rule_version", None, name), _digest_of(row, detection_rules.version_values)
    for row in detection_rules.every_rule(connection):
        digest = _digest_of(row, partial(detection_rules.rule_values, connection))
        if digest is not None:
            yield ("detection_rule", None, row.rule_id), digest
    for row in detection_rules.every_snooze(connection):
        name = detection_rules.snooze_name(row.rule_id, row.customer_id)
        yield ("alert_snooze", None, name), _digest_of(row, detection_rules.snooze_values)
    for row in detection_rules.every_suppression(connection):
        name = detection_rules.suppression_name(row.kind, row.value)
        yield ("suppression", None, name), _digest_of(row, detection_rules.suppression_values)
    for row in risk_score.every_roll_back(connection):
        yield ("risk_model", None, risk_score.model_name(row.number)), _digest_of(row, risk_score.model_values)


def _subscription_values(secret_ids: Sequence[str], row: PlainRow) -> Values:
    return subscription_values(row, secret_ids)


def _digest_of(row: PlainRow, values_of: Callable[[PlainRow], Values]) -> str | None:
    try:
        return _digest(values_of(row))
    except (ValueError, TypeError):
        return "unreadable"


def _place(key: Key) -> str:
    thing, owner, name = key
    match thing:
        case "saved_view":
            return f"saved_view '{name}' of {owner}"
        case "assignment_setting":
            return thing
        case _:
            return f"{thing} '{name}'"


def _digest(values: Values) -> str | None:
    return None if values is None else content_hash(dict(values))
