"""How long a decision can be taken back. Pure: no database, no clock.

| Decision | Held |
|---|---|
| approves an action with an effect | for `DECISION_HOLD_SECONDS`, at most until a minute before the deadline |
| clears, or rejects | not at all |
| the first of two approvals | not at all: it waits for the second, and can be withdrawn until then |
"""

from datetime import datetime, timedelta

from casebook.policy.guards import CLOCK_TOLERANCE
from contracts.kinds import Action, action_spec
from contracts.review import Verdict

DECISION_HOLD_SECONDS = 5.0
MAX_HOLD_SECONDS = 600.0


def has_effect(verdict: Verdict, action: Action | None) -> bool:
    """Whether something is done because of the decision."""
    return verdict == "approve" and action is not None and bool(action_spec(action).effects)


def latest_end(due_at: datetime) -> datetime:
    """Until when a hold may last: a deadline that passes never meets one, whoever's clock it passes by."""
    return due_at - CLOCK_TOLERANCE


def held_until(
    verdict: Verdict, action: Action | None, due_at: datetime, hold: timedelta, now: datetime
) -> datetime | None:
    """Until when a decision that is made `now` can be taken back; None: it takes effect at once."""
    until = min(now + hold, latest_end(due_at))
    return until if has_effect(verdict, action) and until > now else None
