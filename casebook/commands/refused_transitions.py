"""Counts refused transitions, in a bounded table. Each command runs inside one transaction."""

from datetime import datetime

from sqlalchemy import BindParameter, Connection, bindparam, insert, select, update

from casebook.errors import TransitionRefused
from casebook.schema.base import table_of
from casebook.schema.case_log import LogHead
from casebook.schema.cases import CaseRow
from casebook.schema.refused_transitions import RefusedTransitionRow
from contracts.words import cut

MAX_SENTENCE = 500

_REFUSED, _CASES = table_of(RefusedTransitionRow), table_of(CaseRow)
_OF_CASE: BindParameter[str] = bindparam("of_case")
_KNOWN = select(_CASES.c.case_id).where(_CASES.c.case_id == _OF_CASE).with_for_update()
_ALONE = select(LogHead.id).where(LogHead.id == 1).with_for_update()
_AGAIN = (
    update(_REFUSED)
    .where(_REFUSED.c.case_id == _OF_CASE, _REFUSED.c.reason == bindparam("why"))
    .values(
        attempts=_REFUSED.c.attempts + bindparam("more"),
        sentence=bindparam("said"),
        last_at=bindparam("now"),
    )
)
_FIRST = insert(_REFUSED)


def note_refusal(
    connection: Connection, case_id: str, refusal: TransitionRefused, attempts: int, now: datetime
) -> None:
    """Count a refusal. Those of cases that are not on record are counted together."""
    # One after the other, so that two first attempts at the same time cannot both add the row.
    known = connection.execute(_KNOWN, {"of_case": case_id}).first() is not None
    if not known:
        connection.execute(_ALONE)
    whose = case_id if known else ""
    said = cut(refusal.sentence.replace("\0", "\N{REPLACEMENT CHARACTER}"), MAX_SENTENCE)
    counted = {"of_case": whose, "why": refusal.id, "more": attempts, "said": said, "now": now}
    if connection.execute(_AGAIN, counted).rowcount:
        return
    row = {"case_id": whose, "reason": refusal.id, "attempts": attempts, "sentence": said}
    connection.execute(_FIRST, {**row, "first_at": now, "last_at": now})
