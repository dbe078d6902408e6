"""Reads grants, and finds cases in which one is missing."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, select, union

from casebook.schema.approvals import ReversalRow
from casebook.schema.base import table_of
from casebook.schema.cases import CaseRow
from casebook.schema.grants import GrantRow

_GRANTS, _CASES, _REVERSALS = table_of(GrantRow), table_of(CaseRow), table_of(ReversalRow)
_VALID = select(_GRANTS.c.text).where(_GRANTS.c.key == bindparam("of_effect"), _GRANTS.c.expires_at > bindparam("now"))
_ACTING = union(
    select(_CASES.c.case_id).where(_CASES.c.state == "acting"),
    select(_REVERSALS.c.case_id).where(_REVERSALS.c.status == "approved"),
)


def grant_of(connection: Connection, key: str, now: datetime) -> str | None:
    """What the backend signed for the effect under this key; None: nothing that is valid now."""
    return connection.execute(_VALID, {"of_effect": key, "now": now}).scalar()


def acting_cases(connection: Connection) -> list[str]:
    """Cases in which something that was approved has begun and not ended."""
    return sorted(connection.execute(_ACTING).scalars())
