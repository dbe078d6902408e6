"""Rules as data: what is on record of each version of a rule, and how people change which one judges.

A version never changes: whoever wants other numbers drafts another one. A rule of which nothing is on record is as the
release has it: version 1, live, or in shadow where the release says so.
"""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, NonNegativeInt, PositiveInt, StringConstraints

from contracts.alert import AlertType
from contracts.autonomy import Bands
from contracts.base import Contract, FiniteJson, NonEmptyText, UtcDateTime
from contracts.severity import Severity
from contracts.telemetry import CustomerId
from contracts.words import says_something

VersionMode = Literal["draft", "shadow", "live", "off", "retired"]
"""`draft`: it never judged. `shadow`: what it would raise is counted. `live`: it alerts. `off`: it is the one that was
live when the rule was switched off. `retired`: it was in shadow or live."""
SignalFate = Literal["raised", "shadow", "snoozed", "failed"]
"""The result of a signal: an alert, a count of a version in shadow, or a count of one that was snoozed. `failed`: the
version broke off at an event, and what it would have found there is not known."""
SuppressionKind = Literal["address", "customer"]
"""`address`: failed logins from it are no attack. `customer`: no rule watches them."""

SHADOW_AT_FIRST: frozenset[str] = frozenset({"learned_score"})
"""Rules that nobody is alerted by until a manager makes them live."""

MAX_DRAFTS = 500
"""Versions of one rule that never judged."""
MAX_PARAMETERS = 200
MAX_PARAMETERS_BYTES = 32_000
MAX_SCOPE = 1_000
"""Customers that a scope names."""
MAX_SNOOZES = 5_000
"""Snoozes that have not ended."""
MAX_SNOOZE_DAYS = 90
MAX_SUPPRESSIONS = 1_000
"""Entries of each kind."""

Parameters: TypeAlias = Annotated[dict[str, FiniteJson], Field(max_length=MAX_PARAMETERS)]


def _readable(text: str) -> str:
    if not says_something(text):
        raise ValueError("say why")
    return text


def _written(value: object) -> object:
    """A number would be read as seconds, a text of digits too."""
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(value if isinstance(value, str) and "-" in value else "")
    except ValueError:
        raise ValueError("write a time as ISO 8601, such as 2026-11-30T08:00:00Z") from None


Reason: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=1_000, strip_whitespace=True), AfterValidator(_readable)
]
"""Why something is changed, as the desk log keeps it."""
Revision: TypeAlias = Annotated[int, Field(ge=0, le=2**53)]
"""How often a rule was changed: whoever changes it names the one that they saw. 0: never."""
VersionNumber: TypeAlias = Annotated[int, Field(ge=1, le=1_000_000)]
Customers: TypeAlias = Annotated[tuple[CustomerId, ...], Field(max_length=MAX_SCOPE)]


class RuleScope(Contract):
    """Whom a rule watches: everybody, unless customers are named."""

    only_customers: Customers = ()
    except_customers: Customers = ()


class RuleContent(Contract):
    """What a version of a rule judges by."""

    parameters: Parameters
    severity: Severity | None = None
    """Instead of the one that the evidence suggests."""
    scope: RuleScope = RuleScope()
    autonomy: Bands = ()
    """Who decides about a case with an alert of it; empty: as the policy of the case says."""


class StoredVersion(Contract):
    """One version of a rule, as it is on record."""

    rule_id: AlertType
    version: PositiveInt
    content: RuleContent
    based_on: PositiveInt | None
    """The version that it was made from; null for the one of the release."""
    created_by: str | None
    """Null for the one of the release."""
    created_at: UtcDateTime
    reason: str
    shadow_since: UtcDateTime | None
    """When it was put into shadow last."""
    live_since: UtcDateTime | None
    """When it was made live last."""


class StoredRule(Contract):
    """Which versions of a rule judge, as it is on record."""

    rule_id: AlertType
    revision: PositiveInt
    is_on: bool
    live_version: PositiveInt
    """Of a rule that is off, the one that is live when it is switched on again."""
    shadow_version: PositiveInt | None
    changed_by: str | None
    """Who changed last which versions judge; null: nobody, there are only drafts."""
    changed_at: UtcDateTime | None
    reason: str


class AlertSnooze(Contract):
    """Nobody is alerted by a rule about a customer until a time. What it finds is counted."""

    rule_id: AlertType
    customer_id: CustomerId
    until: UtcDateTime
    reason: str
    snoozed_by: str
    snoozed_at: UtcDateTime


class Suppression(Contract):
    """What never counts, until somebody removes the entry."""

    kind: SuppressionKind
    value: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    """The address, or the number of the customer."""
    reason: str
    added_by: str
    added_at: UtcDateTime


class RuleCandidates(Contract):
    """A rule as ingestion reads it."""

    rule: StoredRule
    live: tuple[StoredVersion, ...]
    """The live version, and those that were live before, the latest first: for a release that does not know it."""
    shadow: StoredVersion | None


class StoredRules(Contract):
    """All that people have set for detection, as one look at the casebook finds it."""

    revision: NonNegativeInt
    """Grows with every change of any of it."""
    rules: tuple[RuleCandidates, ...]
    snoozes: tuple[AlertSnooze, ...]
    suppressions: tuple[Suppression, ...]


class SignalCount(Contract):
    """How many signals of a version were counted on a day, UTC."""

    rule_id: AlertType
    version: PositiveInt
    fate: SignalFate
    day: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    count: NonNegativeInt


# What the API says and is told


class ParameterField(Contract):
    """One number, or the like, that a rule judges by, as a form shows it."""

    name: str
    kind: Literal["number", "integer", "choice", "texts", "yes_no", "text"]
    unit: str | None
    """As `hours`; null for a count or a factor."""
    description: str
    """What it means, and why the release has it as it has."""
    default: FiniteJson
    minimum: float | None
    minimum_excluded: bool
    maximum: float | None
    choices: tuple[str, ...]


class ParameterChange(Contract):
    """A value that differs from that of the version before."""

    name: str
    before: FiniteJson
    after: FiniteJson


class RuleVersionView(Contract):
    """One version of a rule, with what it changes."""

    version: PositiveInt
    mode: VersionMode
    content: RuleContent
    based_on: PositiveInt | None
    changes: tuple[ParameterChange, ...]
    """Against the version that it is based on: parameters by name, and `severity`, `only_customers`,
    `except_customers`, `autonomy`."""
    created_by: str | None
    """Null: the release."""
    created_at: UtcDateTime | None
    reason: str
    shadow_since: UtcDateTime | None
    live_since: UtcDateTime | None
    problem: str | None
    """Why this release cannot judge by it."""


class RuleSummary(Contract):
    """One rule in the list."""

    rule_id: AlertType
    description: str
    revision: Revision
    is_on: bool
    live_version: PositiveInt
    shadow_version: PositiveInt | None
    drafts: NonNegativeInt
    """Versions that never judged."""
    alerts: NonNegativeInt
    """Signals of the last 7 days, today included, that alerted."""
    shadow_signals: NonNegativeInt
    """Those that the version in shadow now would have raised, in the same days."""
    snoozed_signals: NonNegativeInt
    failures: NonNegativeInt
    """Events of the same days at which a version that judges now broke off."""
    changed_by: str | None
    changed_at: UtcDateTime | None


class RuleList(Contract):
    """All rules."""

    items: tuple[RuleSummary, ...]


class RuleView(Contract):
    """One rule with its parameters and history."""

    rule: RuleSummary
    fields: tuple[ParameterField, ...]
    versions: tuple[RuleVersionView, ...]
    """The newest first."""
    counts: tuple[SignalCount, ...]
    """Of the last 30 days, the latest day first."""


class RuleChange(Contract):
    """What every change of a rule says."""

    revision: Revision
    """The one that was looked at."""
    reason: Reason


class NewDraft(RuleChange):
    """Another version, to be tried."""

    based_on: VersionNumber
    content: RuleContent
    """Parameters that are left out are those of the version that it is based on."""


class VersionChoice(RuleChange):
    """Which version is put into shadow, made live, or gone back to."""

    version: VersionNumber


class RuleSwitch(RuleChange):
    """Whether the rule alerts."""

    is_on: bool


class NewSnooze(Contract):
    """Alert nobody by a rule about a customer until a time."""

    rule_id: AlertType
    customer_id: CustomerId
    until: Annotated[UtcDateTime, BeforeValidator(_written)]
    reason: Reason


class SnoozeEnd(Contract):
    """Alert again."""

    rule_id: AlertType
    customer_id: CustomerId
    reason: Reason


class SnoozeList(Contract):
    """Snoozes that have not ended, the one that ends next first."""

    items: tuple[AlertSnooze, ...]


class SuppressionChange(Contract):
    """An entry that is added or removed."""

    kind: SuppressionKind
    value: Annotated[NonEmptyText, Field(max_length=100)]
    reason: Reason


class SuppressionList(Contract):
    """All entries, by kind and value."""

    items: tuple[Suppression, ...]
