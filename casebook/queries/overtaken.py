"""Reads what ended a question before anybody had answered: the alerts of a case changed, or a conversation moved on."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, select

from casebook.projection.alerts import AlertDetached, AlertJoined, CaseMerged
from casebook.projection.replies import ConversationMoved, TextsErased
from casebook.queries.alerts import rounds_started
from casebook.schema.base import table_of
from casebook.schema.case_log import CaseEventRow
from casebook.schema.cases import CaseRow
from casebook.schema.reviews import ReviewRow
from contracts.ids import review_id

_EVENTS = table_of(CaseEventRow)
_CASES, _REVIEWS = table_of(CaseRow), table_of(ReviewRow)
_ENDED_BY = (AlertJoined.type, AlertDetached.type, CaseMerged.type, ConversationMoved.type, TextsErased.type)
_ENDING = (
    select(_EVENTS.c.seq, _EVENTS.c.at, _EVENTS.c.type, _EVENTS.c.data)
    .where(_EVENTS.c.case_id == bindparam("of_case"), _EVENTS.c.type.in_(_ENDED_BY))
    .order_by(_EVENTS.c.seq)
)
_OVERTAKEN = (
    select(_CASES.c.case_id, _CASES.c.round)
    .join(_REVIEWS, and_(_REVIEWS.c.case_id == _CASES.c.case_id, _REVIEWS.c.round == _CASES.c.round))
    .where(_CASES.c.state == "investigating", _REVIEWS.c.status == "superseded")
    .order_by(_CASES.c.opened_seq)
)


class Overtaking(NamedTuple):
    """What ended a round before a person had decided on it."""

    news: str
    """A clause about the case."""
    at: datetime


def overtook(connection: Connection, case_id: str, round_number: int) -> Overtaking | None:
    """What ended a round on which nobody has decided; None when nothing did."""
    ending = connection.execute(_ENDING, {"of_case": case_id}).all()
    if not ending:
        return None
    asked = review_id(case_id, round_number)
    started = dict(rounds_started(connection, case_id))
    began, ended = started.get(round_number), started.get(round_number + 1)
    for row in ending:
        said = json.loads(row.data)
        unasked = began is not None and ended is not None and began < row.seq < ended
        if said["review_id"] == asked or (said["review_id"] is None and unasked):
            return Overtaking(_news(row.type, said), row.at)
    return None


def overtaken_cases(connection: Connection, limit: int) -> list[tuple[str, int]]:
    """Cases, and the round whose question was overtaken, whose next round has not begun; the oldest first."""
    return [(row.case_id, row.round) for row in connection.execute(_OVERTAKEN.limit(limit))]


def _news(event_type: str, said: Mapping[str, Any]) -> str:
    if event_type == AlertJoined.type:
        alert = said["alert"]
        return f"'{alert['alert_type']}' joined it: {alert['description'].rstrip('.')}"
    if event_type == AlertDetached.type:
        return f"the alert '{said['alert_id']}' was detached from it"
    if event_type == ConversationMoved.type:
        return "the customer wrote again" if said["position"] is not None else "the user is another customer now"
    if event_type == TextsErased.type:
        return "the conversation was erased"
    return f"it was merged into '{said['into']}' and detached again"
