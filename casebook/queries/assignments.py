"""Reads whose cases are, and the setting by which they are assigned."""

import json
from collections.abc import Collection
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import Connection, Select, bindparam, func, literal, select, union_all

from casebook.policy.assignments import Workload, people_away
from casebook.projection.case_head import CaseHead
from casebook.schema.assignments import AssignmentSettingRow, AssignmentTurnRow
from casebook.schema.base import PlainRow, table_of
from casebook.schema.cases import CaseRow
from contracts.assignment import Assignment, AssignmentRules, AssignmentSetting

ASSIGNMENT = tuple(Assignment.model_fields)
"""The columns of a case that its assignment needs."""
SETTING = "assignment"
"""The name of the setting in the desk log."""
COUNTED = 1_000
"""Open cases beyond are not counted: who has so many has as many as anybody."""

_CASES = table_of(CaseRow)
_SETTINGS, _TURNS = table_of(AssignmentSettingRow), table_of(AssignmentTurnRow)
_SETTING = select(_SETTINGS).where(_SETTINGS.c.id == 1)
_TURNS_OF = select(_TURNS).where(_TURNS.c.subject.in_(bindparam("subjects", expanding=True)))
_OPEN_OF = (
    select(_CASES.c.case_id)
    .where(_CASES.c.assigned_to == bindparam("of_subject"))
    .order_by(_CASES.c.opened_seq)
    .limit(bindparam("most"))
)


def read_setting(connection: Connection, *, for_update: bool = False) -> AssignmentSetting:
    """How cases are assigned."""
    row = connection.execute(_SETTING.with_for_update() if for_update else _SETTING).one()
    return AssignmentSetting(
        version=row.version,
        rules=AssignmentRules.model_validate_json(row.rules),
        changed_by=row.changed_by,
        changed_at=row.changed_at,
    )


def setting_values(row: PlainRow) -> dict[str, JsonValue]:
    """What the desk log says of the setting. Raises ValueError when the row was tampered out of shape."""
    return json.loads(row.rules)


def current_assignment(case: CaseHead | PlainRow) -> Assignment | None:
    """Whose case it is, or None when it is in the pool."""
    if case.assigned_to is None or case.assigned_by is None or case.assigned_at is None:
        return None
    return Assignment(assigned_to=case.assigned_to, assigned_by=case.assigned_by, assigned_at=case.assigned_at)


def workloads_of(connection: Connection, subjects: Collection[str]) -> dict[str, Workload]:
    """What each of these people has been assigned, in two statements however many they are.

    An assignment ends with its case: whoever is named in a case has it open.
    """
    turns = {row.subject: row.last_seq for row in connection.execute(_TURNS_OF, {"subjects": [*subjects]})}
    counts = {row.subject: row.open_cases for row in connection.execute(union_all(*map(_counted, subjects)))}
    return {each: Workload(counts.get(each, 0), turns.get(each, 0)) for each in subjects}


def assigned_away(connection: Connection, now: datetime, limit: int) -> list[tuple[str, str]]:
    """Open cases of people who are away, and whose each is; at most `limit`."""
    found: list[tuple[str, str]] = []
    for subject in sorted(people_away(read_setting(connection).rules, now)):
        most = {"of_subject": subject, "most": limit - len(found)}
        found += [(case_id, subject) for case_id in connection.scalars(_OPEN_OF, most)]
    return found


def _counted(subject: str) -> Select[str, int]:
    some = select(_CASES.c.opened_seq).where(_CASES.c.assigned_to == subject).limit(COUNTED).subquery()
    return select(literal(subject).label("subject"), func.count().label("open_cases")).select_from(some)
