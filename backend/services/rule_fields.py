"""What a form shows of the parameters of a rule: names, units, bounds, and why they are as they are."""

import inspect
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal

from backend.detection.parameters import PARAMETERS, RuleParameters
from contracts.detection_rules import ParameterField

_UNITS: tuple[tuple[str, str], ...] = (
    ("km_per_hour", "km/h"),
    ("_hours", "hours"),
    ("_seconds", "seconds"),
    ("_days", "days"),
    ("_km", "km"),
    ("_gb", "GB"),
    ("_amount", "major units of the currency"),
    ("share", "share of 1"),
)
"""By what the name of a parameter says; the first that fits."""


def description_of(rule_id: str) -> str:
    """What a rule finds, in its own words."""
    return " ".join(inspect.cleandoc(PARAMETERS[rule_id].__doc__ or rule_id).split())


@cache
def fields_of(rule_id: str) -> tuple[ParameterField, ...]:
    """The parameters of a rule, in the order in which the rule names them."""
    model = PARAMETERS[rule_id]
    properties: Mapping[str, Mapping[str, Any]] = model.model_json_schema()["properties"]
    return tuple(_field(model, name, properties[name]) for name in model.model_fields)


def _field(model: type[RuleParameters], name: str, said: Mapping[str, Any]) -> ParameterField:
    kind, choices = _kind(said)
    least, above = said.get("minimum"), said.get("exclusiveMinimum")
    return ParameterField(
        name=name,
        kind=kind,
        unit=_unit(name) if kind in ("number", "integer") else None,
        description=_description(model, name),
        default=said.get("default"),
        minimum=least if above is None else above,
        minimum_excluded=above is not None,
        maximum=said.get("maximum"),
        choices=choices,
    )


def _kind(
    said: Mapping[str, Any],
) -> tuple[Literal["number", "integer", "choice", "texts", "yes_no", "text"], tuple[str, ...]]:
    choices: Sequence[str] = said.get("enum", ())
    if choices:
        return "choice", tuple(choices)
    match said.get("type"):
        case "number":
            return "number", ()
        case "integer":
            return "integer", ()
        case "array":
            return "texts", ()
        case "boolean":
            return "yes_no", ()
        case _:
            return "text", ()


def _unit(name: str) -> str | None:
    for part, unit in _UNITS:
        if part in f"_{name}":
            return unit
    if name == "deviations":
        return "standard deviations"
    return "times" if name.startswith("times_") else None


def _description(model: type[RuleParameters], name: str) -> str:
    """A parameter that only has another default means what it means for all rules."""
    for base in model.__mro__:
        if (
            issubclass(base, RuleParameters)
            and (field := base.model_fields.get(name)) is not None
            and field.description
        ):
            return " ".join(field.description.split())
    return ""
