"""The rules as data: every number that detection judges by, with the reason for its default.

Defaults were chosen on the recordings that `tests/replay` plays, in time order and without look-ahead, and preferred
where odd and even customers agreed; other customers will differ.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import AfterValidator, ConfigDict, Field

from contracts.alert import AlertType
from contracts.autonomy import Bands
from contracts.base import Contract
from contracts.detection_rules import SHADOW_AT_FIRST
from contracts.ip_addresses import network_in
from contracts.severity import Severity

RuleMode = Literal["live", "shadow", "off"]
"""`shadow`: what the rule would raise is counted, and nobody is alerted."""
LEAST = 0.001
"""Of a number above nothing: what is so small that others overflow by it is no choice that anybody makes."""
Positive = Annotated[float, Field(ge=LEAST, le=1e12)]
LEAST_HOURS = 0.01
"""36 seconds: ids of alerts count seconds, and telemetry is held for a few."""
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Hours = Annotated[float, Field(ge=LEAST_HOURS, le=24 * 366)]
Probability = Annotated[float, Field(ge=LEAST, le=1)]


def _network(text: str) -> str:
    network_in(text)
    return text


NetworkText = Annotated[str, AfterValidator(_network)]


class RuleParameters(Contract):
    """What the parameters of all rules have. The text under a parameter is what people read where they change it."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    RULE_ID: ClassVar[str]

    window_hours: Hours = 24.0
    """Alert ids carry the time floored to this: the same evidence gives the same id."""
    quiet_hours: Annotated[float, Field(ge=0, le=24 * 366)] = 24.0
    """No further alert for so long after one: an attack across the boundary of a window is one case."""


class ImpossibleTravel(RuleParameters):
    """Two logins from places that one person cannot have reached in the time between."""

    RULE_ID: ClassVar[str] = "impossible_travel"

    pair_within_hours: Annotated[float, Field(ge=LEAST_HOURS, le=3)] = 2.0
    """Longer apart, a flight between neighbouring countries explains it."""
    max_km_per_hour: Positive = 900.0
    """Cruising speed of an airliner: faster than this, gate to gate, nobody travels."""
    same_place_km: Positive = 300.0
    """Addresses of one mobile operator are located up to a few hundred km off."""
    shortest_gap_seconds: Annotated[float, Field(ge=1, le=3_600)] = 60.0
    """Two logins in the same second are not infinitely fast: clocks of two log sources differ by seconds."""
    familiar_after_hours: Hours = 24.0
    """A place that the customer first used longer ago than this is not new any more (a VPN exit, a second home)."""
    high_km_per_hour: Positive = 1_800.0
    """Twice an airliner cannot be explained by a wrong location nearby: severity high."""
    known_device_severity: Severity = "low"
    """When the device is familiar at the customer's: most often their own, behind a VPN."""
    proxy_networks: tuple[NetworkText, ...] = ()
    """Networks of hosting providers and VPNs, as `203.0.113.0/24`: their places are those of no person."""


class AuthFailures(RuleParameters):
    """Repeated failed logins of one customer in ten minutes."""

    RULE_ID: ClassVar[str] = "auth_failures"

    window_hours: Hours = 6.0
    quiet_hours: Annotated[float, Field(ge=0, le=24 * 366)] = 6.0
    """A guessing run pauses and continues: one case a shift."""
    min_failures: Count = 7
    """One more than a single session allows (sshd and most sign-in pages end it after 6): somebody came back."""
    times_usual: Positive = 2.0
    """Against background noise: with a history, at least this many times the failures of the usual ten minutes."""
    min_history: Count = 3
    """Failing ten-minute periods before `times_usual` counts."""
    many_addresses: Count = 3
    """From this many addresses it is no forgotten password: severity high."""


class LoginAfterFailures(RuleParameters):
    """A login that succeeds after failures: guessed at one customer, or sprayed over many.

    Not where the customer was known with the address or the device: who mistypes their password is at home.
    """

    RULE_ID: ClassVar[str] = "login_after_failures"

    min_failures: Count = 5
    """In the ten minutes before: of people who mistype, few come to five and then succeed elsewhere than usual."""
    min_sprayed: Count = 8
    """Or: other customers whose logins failed from the same address in half an hour."""
    critical_failures: Count = 20
    """From so many on, or after spraying, severity is critical."""


class LoginSpraying(RuleParameters):
    """One address tries the passwords of many customers."""

    RULE_ID: ClassVar[str] = "login_spraying"

    min_customers: Count = 8
    """Customers with failed logins from one address in half an hour; an office or a school shares one, and mistypes."""
    max_share_succeeded: Annotated[float, Field(ge=0, le=1)] = 0.3
    """Where more of the logins succeed than this, people share the address."""


class SpendingSpike(RuleParameters):
    """One charge far above what the customer spends in that currency."""

    RULE_ID: ClassVar[str] = "spending_spike"

    min_history: Count = 8
    """Charges in the same currency before the first alert: with five, half of the alerts were ordinary charges."""
    deviations: Positive = 3.0
    """Standard deviations above the mean."""
    times_mean: Positive = 3.0
    """And at least this many times the mean: card fraud of the five-fold kind passes it, a large purchase seldom."""
    least_amount: Annotated[float, Field(ge=0, le=1e12)] = 50.0
    """In major units of the charge's currency: below this a case costs more than it can save."""


class ChargeVelocity(RuleParameters):
    """Many charges in one hour, and many more than in the customer's usual hour."""

    RULE_ID: ClassVar[str] = "charge_velocity"

    min_charges: Count = 8
    """In an hour: testing stolen cards and emptying one look alike."""
    times_usual: Positive = 4.0
    """With a history, at least this many times the charges of the usual hour."""
    min_history: Count = 8
    """Hours with charges before `times_usual` counts."""
    min_new_merchants: Annotated[int, Field(ge=0, le=16)] = 2
    """Merchants or terminals of these charges that are new for the customer, where the charges name them."""


class TransferAfterChange(RuleParameters):
    """A transfer soon after the SIM, the e-mail address or another means of recovery was changed."""

    RULE_ID: ClassVar[str] = "transfer_after_change"

    within_hours: Annotated[float, Field(ge=LEAST_HOURS, le=24 * 30)] = 24.0
    """Who took an account over moves the money before the owner notices."""
    least_amount: Annotated[float, Field(ge=0, le=1e12)] = 100.0
    """In major units of its currency."""


class DataUsageSpike(RuleParameters):
    """One usage reading far above all that the customer had in weeks."""

    RULE_ID: ClassVar[str] = "data_usage_spike"

    min_history: Count = 12
    """Readings before the first alert: twelve show the customer's order of magnitude, no more."""
    times_largest: Positive = 1.1
    """Usage is bursty: multiples of a deviation alert daily. A new record by a tenth is what labelled spikes share."""
    times_largest_over_history: Annotated[float, Field(ge=0, le=1e6)] = 100.0
    """Plus this over the number of readings: 12 readings ask for 9 times the record, 1,000 for 1.2 times."""
    times_mean: Positive = 5.0
    """And at least this many times the mean: a steady climb sets records too, but small ones."""
    unusual_score: Annotated[float, Field(ge=0, le=1)] = 0.99
    """From this anomaly score on a record needs only the margin below: ten deviations from the time of the week."""
    times_largest_unusual: Positive = 1.0
    """How many times the record that is: any record will do."""
    least_gb: Annotated[float, Field(ge=0, le=1e6)] = 1.0
    """Below a gigabyte nothing is being resold."""


class ApiBurst(RuleParameters):
    """A burst of API calls in one minute, or of refused ones."""

    RULE_ID: ClassVar[str] = "api_burst"

    window_hours: Hours = 6.0
    quiet_hours: Annotated[float, Field(ge=0, le=24 * 366)] = 6.0
    min_calls: Count = 25
    """A person at a console makes a handful of calls a minute; an enumeration tool made 29 in its first."""
    times_usual: Positive = 3.0
    """With a history, at least this many times the usual active minute: scheduled jobs are busy every day."""
    min_history: Count = 60
    """Active minutes before `times_usual` counts: an hour of use."""
    refused_share: Annotated[float, Field(ge=0, le=1)] = 0.3
    """A third of the calls refused is probing for rights, not work: severity high."""
    fast_seconds: Positive = 10.0
    """All of them in so little time is a tool, not a person: severity high."""


class LearnedScore(RuleParameters):
    """A charge that a model takes for fraud, which has learned from reviewers' verdicts.

    It alerts once the model has been better than the rules in its own shadow period; until then it is counted.
    """

    RULE_ID: ClassVar[str] = "learned_score"

    least_score: Probability = 0.5
    """A probability: at a half, one of two alerts is expected to be fraud."""
    high_score: Probability = 0.9
    """From here on severity is high."""


class Scope(Contract):
    """Whom a rule watches: everybody, unless customers are named."""

    only_customers: frozenset[int] = frozenset()
    except_customers: frozenset[int] = frozenset()
    """As test accounts and the company's own."""

    def covers(self, customer_id: int) -> bool:
        """Whether the rule watches the customer."""
        if customer_id in self.except_customers:
            return False
        return not self.only_customers or customer_id in self.only_customers


class RuleVersion(Contract):
    """One rule as it was decided: its version never changes."""

    rule_id: AlertType
    version: Annotated[int, Field(ge=1)] = 1
    mode: RuleMode = "live"
    parameters: RuleParameters
    severity: Severity | None = None
    """Instead of the one that the evidence suggests."""
    scope: Scope = Scope()
    autonomy: Bands = ()
    """Who decides about a case with an alert of it."""


class Snoozed(NamedTuple):
    """While nobody is alerted: of what occurred from `since` on and before `until`."""

    since: datetime
    until: datetime


class RuleBook(Contract):
    """All that detection is told from outside: rules, snoozes, and addresses and merchants that never count."""

    rules: tuple[RuleVersion, ...]
    snoozes: Mapping[tuple[int, str], Snoozed] = {}
    """By customer and rule."""
    trusted_addresses: frozenset[str] = frozenset()
    """Addresses whose failed logins are no attack: offices, monitoring."""


DEFAULT_PARAMETERS: tuple[RuleParameters, ...] = (
    ImpossibleTravel(),
    AuthFailures(),
    LoginAfterFailures(),
    LoginSpraying(),
    SpendingSpike(),
    ChargeVelocity(),
    TransferAfterChange(),
    DataUsageSpike(),
    ApiBurst(),
    LearnedScore(),
)
PARAMETERS: Mapping[str, type[RuleParameters]] = {each.RULE_ID: type(each) for each in DEFAULT_PARAMETERS}
"""What each rule is set by."""
DEFAULT_RULES = RuleBook(
    rules=tuple(
        RuleVersion(rule_id=each.RULE_ID, parameters=each, mode="shadow" if each.RULE_ID in SHADOW_AT_FIRST else "live")
        for each in DEFAULT_PARAMETERS
    )
)
