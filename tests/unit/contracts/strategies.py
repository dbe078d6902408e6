"""Hypothesis strategies for every contract, derived from its field types: a new model needs no new line here."""

import importlib
import pkgutil
import types
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cache, partial
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from hypothesis import strategies as st
from pydantic import AfterValidator, AwareDatetime, BaseModel, JsonValue, TypeAdapter, ValidationError, WithJsonSchema
from pydantic.fields import FieldInfo

import contracts

Strategy = st.SearchStrategy[Any]

JSON_VALUES: Strategy = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)

_OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
# The outermost days are left out: no clock shows them, and moving them to UTC leaves the calendar.
_TIMES = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=_OFFSETS)  # noqa: DTZ001 - zones follow


def modules() -> list[str]:
    """The names of all modules of the package."""
    return [found.name for found in pkgutil.iter_modules(contracts.__path__, "contracts.")]


def models() -> list[type[BaseModel]]:
    """All models that the package defines, each once, in a stable order."""
    found: dict[str, type[BaseModel]] = {}
    for name in modules():
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, type) and issubclass(value, BaseModel) and value.__module__ == name:
                found[f"{name}.{value.__name__}"] = value
    return [found[name] for name in sorted(found)]


@cache
def instances(model: type[BaseModel]) -> Strategy:
    """Valid instances of a model. Fields with a default are sometimes left out."""
    required = {name: of_field(info) for name, info in model.model_fields.items() if info.is_required()}
    optional = {name: of_field(info) for name, info in model.model_fields.items() if not info.is_required()}
    extra = (
        st.dictionaries(_EXTRA_KEYS, JSON_VALUES, max_size=2) if model.model_config.get("extra") == "allow" else None
    )
    fields = st.fixed_dictionaries(required, optional=optional).filter(partial(_fits_together, model))
    if extra is None:
        return fields.map(model.model_validate)

    def build(known: dict[str, Any], more: dict[str, Any]) -> BaseModel:
        return model.model_validate({**more, **known})

    return st.builds(build, fields, extra)


def _fits_together(model: type[BaseModel], known: dict[str, Any]) -> bool:
    """Whether no rule about several fields refuses them; what is wrong with a single one is a fault of its strategy."""
    try:
        model.model_validate(known)
    except ValidationError as refused:
        return any(error["loc"] for error in refused.errors())
    return True


_EXTRA_KEYS = st.from_regex(r"x_[a-z]{1,6}", fullmatch=True)


def of_field(info: FieldInfo) -> Strategy:
    """Values of one field."""
    return of_type(info.annotation, info.metadata)


def of_type(annotation: Any, metadata: Sequence[Any] = ()) -> Strategy:
    """Values of a type under its constraints. Raises TypeError for a type that it does not know."""
    if get_origin(annotation) is Annotated:
        inner, *outer = get_args(annotation)
        return of_type(inner, [*_flattened(outer), *metadata])
    if annotation is JsonValue:
        return JSON_VALUES
    if get_origin(annotation) is Literal:
        return st.sampled_from(get_args(annotation))
    if get_origin(annotation) in {Union, types.UnionType}:
        return st.one_of(
            *[of_type(choice, metadata if choice is not type(None) else ()) for choice in get_args(annotation)]
        )
    if get_origin(annotation) is tuple:
        item, *rest = get_args(annotation)
        if rest != [...]:
            return st.tuples(*map(of_type, get_args(annotation)))
        shortest, longest = _limit(metadata, "min_length") or 0, min(2, _limit(metadata, "max_length") or 2)
        return st.lists(of_type(item), min_size=shortest, max_size=longest).map(tuple)
    if get_origin(annotation) in {dict, Mapping}:
        key, value = get_args(annotation)
        return st.dictionaries(of_type(key), of_type(value), max_size=3)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return instances(annotation)
    return _scalar(annotation, metadata)


def _scalar(annotation: Any, metadata: Sequence[Any]) -> Strategy:
    low, high = _limit(metadata, "ge"), _limit(metadata, "le")
    above, below = _limit(metadata, "gt"), _limit(metadata, "lt")
    if annotation is type(None):
        return st.none()
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        return st.integers(low if above is None else above + 1, high if below is None else below - 1)
    if annotation is float:
        return st.floats(
            low if above is None else above,
            high if below is None else below,
            exclude_min=above is not None,
            exclude_max=below is not None,
            allow_nan=False,
            allow_infinity=False,
        )
    if annotation is Decimal:
        places, digits = _limit(metadata, "decimal_places") or 9, _limit(metadata, "max_digits") or 15
        return st.decimals(low, 10 ** (digits - places) - 1, allow_nan=False, places=places)
    if annotation is date:
        return st.dates()
    if annotation in {datetime, AwareDatetime}:
        return _TIMES
    if annotation is str:
        return _text(metadata)
    raise TypeError(f"No strategy for {annotation!r}: add one, so that its contract is tested.")


def _text(metadata: Sequence[Any]) -> Strategy:
    for each in metadata:
        if isinstance(each, WithJsonSchema) and each.json_schema is not None:
            return st.sampled_from(each.json_schema["enum"])
    pattern = _limit(metadata, "pattern")
    if pattern is not None:
        return st.from_regex(str(pattern).removeprefix("^").removesuffix("$"), fullmatch=True)
    shortest, longest = _limit(metadata, "min_length") or 0, _limit(metadata, "max_length") or 40
    text = st.text(min_size=shortest, max_size=min(longest, 40))
    if _limit(metadata, "strip_whitespace"):
        text = text.map(str.strip).filter(lambda stripped: len(stripped) >= shortest)
    rules = [item for item in _flattened(metadata) if isinstance(item, AfterValidator)]
    return text.filter(partial(_passes, TypeAdapter(Annotated[str, *rules]))) if rules else text


def _passes(kind: TypeAdapter[str], text: str) -> bool:
    try:
        kind.validate_python(text)
    except ValidationError:
        return False
    return True


def _flattened(metadata: Sequence[Any]) -> Iterator[Any]:
    for item in metadata:
        if isinstance(item, FieldInfo):
            yield from item.metadata
        else:
            yield item


def _limit(metadata: Sequence[Any], name: str) -> Any:
    """The strictest wins only by coming last: the contracts never narrow a constraint twice."""
    values = [getattr(item, name) for item in _flattened(metadata) if getattr(item, name, None) is not None]
    return values[-1] if values else None


def float_fields(model: type[BaseModel]) -> list[str]:
    """The fields of a model that can hold a floating-point number themselves."""
    return [name for name, info in model.model_fields.items() if _mentions_float(info.annotation)]


def _mentions_float(annotation: Any) -> bool:
    if annotation is float:
        return True
    if get_origin(annotation) in {Annotated, Union, types.UnionType}:
        return any(_mentions_float(part) for part in get_args(annotation))
    return False
