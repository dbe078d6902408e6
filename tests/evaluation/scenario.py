"""A scenario: what happened to one customer, what alarmed us, and what a good investigator would make of it."""

import tomllib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from contracts.actions import RecommendedAction
from contracts.base import Contract
from contracts.severity import Severity
from contracts.telemetry import CountryCode
from tests.evaluation.customer_events import AnyCustomerEvent, ApiCalls, DataUsed, Purchase, Security

FOLDER = Path(__file__).parent / "scenarios"
SEED = 7
AS_OF = datetime(2026, 5, 4, 12, tzinfo=UTC)
"""The present of all scenarios: a Monday at noon."""
HOME = "home"
ALERT = "alert"
"""The name of the alert's own trigger events as evidence."""

AlertType = Literal["impossible_travel", "auth_failures", "data_usage_spike", "spending_spike", "api_burst"]
Tool = Literal[
    "get_customer",
    "get_subscriptions",
    "get_billing_summary",
    "get_invoices",
    "get_orders",
    "get_data_usage",
    "get_security_logs",
    "get_recent_charges",
    "get_support_tickets",
    "search_knowledge_base",
]


class BadScenario(Exception):
    """A scenario file cannot be used; the message names the file and what to mend."""


class Actor(Contract):
    """Somebody who is not at home: the customer elsewhere, or a stranger. `device` null: none was recorded."""

    country: CountryCode | None = None
    """By default the customer's home country."""
    city: str | None = None
    device: str | None = None
    hidden: bool = False
    """Behind a hosting company's address."""


class Raised(Contract):
    """The alert; its events are the customer events that say so, its figures follow from them."""

    type: AlertType
    severity: Severity = "medium"


class Scenario(Contract):
    """One labelled case. `auto_clear` null: exactly when it is no fraud."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    kind: str
    fraud: bool
    customer: Annotated[int, Field(ge=101, le=250)]
    """Of those, seed SEED gives an ordinary history to everyone."""
    home: CountryCode
    """Where the customer lives: for the reader, and checked."""
    why: Annotated[str, Field(min_length=20)]
    """The story, and why the expected action is right."""
    expect: RecommendedAction
    needs_person: str | None = None
    """Why a person must look although it is no fraud: the records cannot tell."""
    cite: Annotated[tuple[Tool | Literal["alert"], ...], Field(min_length=1)]
    """Tools without whose answers, as cited evidence, the conclusion would be a guess."""
    records: tuple[str, ...] = ()
    """Keys of seeded records that must be in the answers that are cited."""
    refund: tuple[str, ...] = ()
    """Keys of exactly those charges that should be refunded."""
    alert: Raised
    actors: dict[str, Actor] = Field(default_factory=dict)
    happens: Annotated[tuple[AnyCustomerEvent, ...], Field(min_length=1)]

    @property
    def may_auto_clear(self) -> bool:
        """Whether closing the case without a person is right."""
        return not self.fraud and self.needs_person is None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.fraud is (self.expect == "clear"):
            raise ValueError("'expect' is clear exactly when it is no fraud")
        if bool(self.refund) is not (self.expect in ("refund_charges", "lock_and_refund")):
            raise ValueError("'refund' names charges exactly when the expected action refunds")
        keys = {customer_event.key for customer_event in self.happens if customer_event.key}
        if unknown := {*self.records, *self.refund} - keys:
            raise ValueError(f"nothing that happens has the key {min(key or '' for key in unknown)!r}")
        if strangers := {each.who for each in self.happens if isinstance(each, Security | Purchase | ApiCalls)} - {
            HOME,
            *self.actors,
        }:
            raise ValueError(f"there is no actor {min(strangers)!r}")
        if not any(map(_triggers, self.happens)):
            raise ValueError("nothing that happens triggers the alert")
        return self


def _triggers(customer_event: AnyCustomerEvent) -> bool:
    if isinstance(customer_event, ApiCalls):
        return True
    return isinstance(customer_event, Security | Purchase | DataUsed) and customer_event.alert == "trigger"


def read_scenarios(folder: Path = FOLDER) -> tuple[Scenario, ...]:
    """All scenarios, by kind: one TOML file each. Raises BadScenario."""
    scenarios = tuple(scenario for path in sorted(folder.glob("*.toml")) for scenario in _read(path))
    for name, values in (("id", [each.id for each in scenarios]), ("customer", [each.customer for each in scenarios])):
        twice = [value for value, count in Counter(values).items() if count > 1]
        if twice:
            raise BadScenario(f"Two scenarios have the {name} {twice[0]}: give one of them another.")
    return scenarios


def choose(scenarios: Sequence[Scenario], ids: Sequence[str]) -> tuple[Scenario, ...]:
    """Those with these ids, or all when none is named. Raises BadScenario for an unknown id."""
    known = {scenario.id for scenario in scenarios}
    if unknown := [wanted for wanted in ids if wanted not in known]:
        raise BadScenario(f"There is no scenario '{unknown[0]}': see the ids in {FOLDER.name}/*.toml.")
    return tuple(scenario for scenario in scenarios if not ids or scenario.id in ids)


def _read(path: Path) -> list[Scenario]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise BadScenario(f"{path.name} is no TOML: {error}.") from None
    scenarios: list[Scenario] = []
    for number, entry in enumerate(document.get("scenario", []), start=1):
        try:
            scenarios.append(Scenario.model_validate({"kind": path.stem, **entry}))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(step) for step in first["loc"])
            name = entry.get("id", f"scenario {number}")
            raise BadScenario(f"{path.name}, {name}: {where or 'as a whole'}: {first['msg']}.") from None
    return scenarios
