"""Which alerts of a customer belong to one case, and for how long. Pure: no database, no clock.

| State of the customer's newest open case | A further alert |
|---|---|
| investigating, the round has not begun | joins: the round investigates it |
| investigating, the round has begun or is concluded | joins: another round comes before a question or an outcome |
| an analyst or a manager is asked | joins: the question is over; that of the next round keeps role and deadline |
| an analyst has rejected | joins: the round that follows investigates it |
| an action is approved or carried out | opens a case that follows this one |
| a manager is asked, with little time left | opens a case that follows this one |
| a manager has given it up | opens a case that follows this one |
| its orchestration has failed, and a person is asked because of that | opens a case that follows this one |
| another group, older than its rule allows, or full | opens a case that follows this one |
| closed | opens a case that follows this one |
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from contracts.alert import Alert
from contracts.base import Contract

JOIN_HOURS = 72.0
"""How long after its first alert a case takes others, unless an installation says otherwise."""
MAX_JOIN_HOURS = 24.0 * 366
FRAUD = "fraud"
"""The group of every rule that the table does not name."""
LEAST_TIME_LEFT = timedelta(hours=1)
"""A manager who has less time to answer than this is not asked again: the question would be over before it is put."""
LEAST_SHARE_LEFT = 0.25
"""The same as a share of the whole time, where that is less."""


class JoinRule(Contract):
    """How the alerts of one rule are grouped."""

    group: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")] = FRAUD
    """Alerts of one group join each other's cases."""
    hours: Annotated[float, Field(ge=0, le=MAX_JOIN_HOURS)] = JOIN_HOURS
    """How far from the first alert of a case one may lie to join it, before or after; 0: it always opens its own."""


@dataclass(frozen=True)
class JoinPolicy:
    """The rule table."""

    default: JoinRule = field(default_factory=JoinRule)
    rules: Mapping[str, JoinRule] = field(default_factory=dict[str, JoinRule])

    def rule(self, rule_id: str) -> JoinRule:
        """How alerts of a rule are grouped; those of people are of the rule `manual`."""
        return self.rules.get(rule_id, self.default)

    def belongs(self, alert: Alert, first: Alert) -> bool:
        """Whether `alert` belongs to the case that `first` opened, as far as the rules say."""
        mine, its = self.rule(alert.rule_id), self.rule(first.rule_id)
        same = (alert.customer_id, mine.group) == (first.customer_id, its.group)
        return same and abs(alert.raised_at - first.raised_at) < timedelta(hours=mine.hours)


def leaves_time(opened_at: datetime, due_at: datetime, now: datetime) -> bool:
    """Whether a manager's question leaves enough time for another round."""
    return due_at - now >= min(LEAST_TIME_LEFT, (due_at - opened_at) * LEAST_SHARE_LEFT)
