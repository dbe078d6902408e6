"""The kinds of cases. A further one is a module here, one in `casebook/queries/kinds`, and its page.

The id of a case says its kind, so that no step has to look it up.
"""

from collections.abc import Callable, Iterable
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from contracts.actions import ActionSpec
from contracts.kinds.fraud import FRAUD
from contracts.kinds.kind import KindSpec
from contracts.kinds.reply import REPLY

KINDS: dict[str, KindSpec] = {spec.name: spec for spec in (FRAUD, REPLY)}
"""By their names."""


def kind_of(case_id: str) -> KindSpec:
    """The kind of a case, by its id. Raises ValueError for an id that is no kind's."""
    for spec in KINDS.values():
        if case_id.startswith(spec.id_prefix):
            return spec
    raise ValueError(f"'{case_id}' is the id of no kind of case.")


def can_be_approved(action: str, case_id: str) -> bool:
    """Whether people can approve this in the case; in none of a kind that there is not."""
    return any(case_id.startswith(spec.id_prefix) and action in spec.actions for spec in KINDS.values())


def action_spec(action: str) -> ActionSpec:
    """What an approval of this action means: no two kinds have one of the same name. Raises KeyError for none."""
    for spec in KINDS.values():
        if action in spec.actions:
            return spec.actions[action]
    raise KeyError(action)


def _actions() -> Iterable[str]:
    return dict.fromkeys(action for spec in KINDS.values() for action in spec.actions)


def _answers() -> Iterable[str]:
    return dict.fromkeys(answer for spec in KINDS.values() for answer in (*spec.actions, spec.rejection))


def _outcomes() -> Iterable[str]:
    return dict.fromkeys(outcome for spec in KINDS.values() for outcome in spec.outcomes)


def _one_of(names: Callable[[], Iterable[str]]) -> tuple[AfterValidator, WithJsonSchema]:
    """One of the names that the kinds declare, in the words in which a Literal is refused."""

    def check(value: str) -> str:
        if value not in names():
            expected = " or ".join(f"'{name}'" for name in names())
            raise PydanticCustomError("literal_error", "Input should be {expected}", {"expected": expected})
        return value

    return AfterValidator(check), WithJsonSchema({"type": "string", "enum": [*names()]})


CaseKind: TypeAlias = Annotated[str, *_one_of(lambda: KINDS)]
Action: TypeAlias = Annotated[str, *_one_of(_actions)]
"""What a person can approve in a case of its kind."""


def has_disposition(answer: str) -> bool:
    """Whether one who answers like this says what the case was: a kind without has no dispositions and reason codes."""
    return any(
        spec.rejection_means is not None if answer == spec.rejection else spec.actions[answer].means is not None
        for spec in KINDS.values()
        if answer == spec.rejection or answer in spec.actions
    )


ANSWERS: tuple[str, ...] = tuple(_answers())
Answer: TypeAlias = Annotated[str, *_one_of(_answers)]
"""What a decision says: the action that it approves, or that it rejects."""
CaseOutcome: TypeAlias = Annotated[str, *_one_of(_outcomes)]
"""How a case of its kind has ended."""
