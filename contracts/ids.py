"""Every id that two processes must agree on, and how it is made.

Ids are deterministic: the same evidence gives the same alert, the same alert gives the same case,
and a repeated step gives the same effect key. They are safe in URLs, file names and SQL.
"""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from contracts.hashing import HASH_PREFIX, content_hash

CASE_PREFIX = "case-"
MAX_SCHEDULER_ID = 100
"""Characters of an instance or entity id: longer ones are refused by the Durable Task Scheduler."""
MAX_NEW_ALERT_ID = 75
"""Characters of an alert id: the ids of its case, memory and reversals then have at most MAX_SCHEDULER_ID."""
_DIGEST = 16
_MEMORY_PREFIX = "@fraudanalysisagent@"

_OF_RULE = re.compile(r"-[0-9]+-[0-9]{5,8}t[0-9]{6}z")

_CASE = r"case(?:_[a-z]{1,20})?-[A-Za-z0-9][A-Za-z0-9_.-]{0,99}"
"""A case of another kind than fraud names its kind, as no alert can."""

AlertId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
NewAlertId = Annotated[AlertId, Field(max_length=MAX_NEW_ALERT_ID)]
"""What a new alert may be called."""
SubjectId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
"""What a case of another kind than fraud is about: the ids of its case and memory have at most MAX_SCHEDULER_ID."""
CaseId = Annotated[str, Field(pattern=rf"^{_CASE}$")]
ReviewId = Annotated[str, Field(pattern=rf"^{_CASE}:r[1-9][0-9]{{0,3}}$")]
EffectKey = Annotated[str, Field(pattern=rf"^{_CASE}:[a-z_]{{1,40}}:[0-9]{{1,20}}(:[0-9]{{1,9}})?$")]
"""Of an effect that can be reversed: `effect_key` makes it."""
ReversalId = Annotated[str, Field(pattern=rf"^{_CASE}:[a-z_]{{1,40}}:[0-9]{{1,9}}$")]
Hash = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


def alert_id(rule_id: str, customer_id: int, window_start: datetime) -> str:
    """`{rule}-{customer}-{window start}`: one alert per rule, customer and window, however often it is found."""
    return _shortened(f"{rule_id}-{customer_id}-{window_start.astimezone(UTC):%Y%m%dt%H%M%Sz}", MAX_NEW_ALERT_ID)


def is_of_rule(alert: str) -> bool:
    """Whether only a detection rule may name an alert so: it would take the evidence of the rule for the known one."""
    return _OF_RULE.search(alert) is not None


def manual_alert_id(customer_id: int, alert_type: str, description: str, severity: str, event_ids: list[str]) -> str:
    """The id of an alert that a person raised without naming one: a digest of what they said."""
    digest = content_hash([alert_type, description, severity, sorted(event_ids)]).removeprefix(HASH_PREFIX)
    return f"manual-{customer_id}-{digest[:16]}"


def case_id(alert: str) -> str:
    """The case of an alert, which is also the instance id of its orchestration."""
    return CASE_PREFIX + alert


def memory_key(case: str) -> str:
    """The key of a case's memory, `@fraudanalysisagent@{key}`: the case id; a digest ends it when that is too long."""
    return _shortened(case, MAX_SCHEDULER_ID - len(_MEMORY_PREFIX))


def instance_id(name: str) -> str:
    """What the scheduler knows a case or a reversal by: its own id; a digest ends it when that is too long."""
    return _shortened(name, MAX_SCHEDULER_ID)


def review_id(case: str, round_number: int) -> str:
    """`{case_id}:r{round}`."""
    return f"{case}:r{round_number}"


def parse_review_id(review: str) -> tuple[str, int]:
    """The case id and round of a review id. Raises ValueError if it is not one."""
    case, separator, round_text = review.rpartition(":r")
    if not case or not separator or not (round_text.isascii() and round_text.isdigit()):
        raise ValueError(f"'{review}' is not a review id: expected '<case_id>:r<round>'.")
    return case, int(round_text)


def run_id(round_number: int, agent: str) -> str:
    """`r{round}-{agent}`: one agent's run in one round of a case."""
    return f"r{round_number}-{agent}"


def effect_key(case: str, action: str, target: str, number: int = 1) -> str:
    """`{case_id}:{action}:{target}`: the key of one order; a case's second of its kind ends in `:2`, and so on."""
    return f"{case}:{action}:{target}" if number == 1 else f"{case}:{action}:{target}:{number}"


def target_of(effect: str) -> str:
    """What an effect is about, by its key: the customer. Raises ValueError if it is not the key of one."""
    case, action, target, *number = effect.split(":")
    if effect != effect_key(case, action, target, int(number[0]) if number else 1):
        raise ValueError(f"'{effect}' is not the key of an effect.")
    return target


def reversal_key(case: str, action: str, undoes: str, reversal: str) -> str:
    """`{case_id}:{action}:{target}:{n}`: the key of a reversal's effect, n being the number of its request."""
    return f"{case}:{action}:{target_of(undoes)}:{reversal.rsplit(':', 1)[-1]}"


def reversal_id(case: str, action: str, number: int) -> str:
    """`{case_id}:{action}:{n}`: one request to reverse an effect, which also names its orchestration."""
    return f"{case}:{action}:{number}"


def evidence_id(round_number: int, specialist: str, number: int) -> str:
    """The id of one recorded tool call, unique within its case: `r1-location-3`."""
    return f"r{round_number}-{specialist}-{number}"


def _shortened(name: str, longest: int) -> str:
    """The name itself; of a longer one its beginning and a digest of all of it, so that no two become the same."""
    if len(name) <= longest:
        return name
    digest = content_hash([name]).removeprefix(HASH_PREFIX)[:_DIGEST]
    return f"{name[: longest - _DIGEST - 1]}-{digest}"
