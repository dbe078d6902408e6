"""Sentences for a step whose every attempt failed. An error passes through the scheduler as ids only."""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from contracts.report import Specialist, SpecialistReport
from contracts.steps import ErrorId

T = TypeVar("T")

UNKNOWN = "unknown-error"
SENTENCES: Mapping[ErrorId, str] = {
    "model-unavailable": "The language model could not be asked.",
    "model-rejected": "The language model refuses what it is asked.",
    "tools-unavailable": "The tools could not be asked.",
    "casebook-unavailable": "The casebook could not be reached.",
    "unknown-state-version": "A newer release wrote this case's memory: start that release or a later one.",
    "deliveries-exhausted": "Every worker that was given this work was lost with it.",
}
"""What an error's id says to people. Any other error says its id only: its text may quote what nobody has vetted."""

_ID = re.compile(r"[a-z][a-z0-9-]{1,63}")
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class StepFailed(Exception):
    """What passes through the scheduler of an error: its id and the case's. Its message is in the worker's log."""

    def __init__(self, error: ErrorId, case_id: str) -> None:
        super().__init__(f"{error} {case_id}")


def told_by_id(case_id: str, do: Callable[[], T]) -> T:
    """What `do` brings. Raises StepFailed for any error: the scheduler keeps what an error says."""
    try:
        return do()
    except Exception as fault:
        failed = StepFailed(id_of(fault), case_id)
    # Not within the handler: what goes before would travel with it.
    raise failed


def id_of(fault: Exception | str) -> ErrorId:
    """The id of an error, or of a class by its name: `ModelUnavailable` is `model-unavailable`."""
    known = getattr(fault, "id", None)
    name = fault if isinstance(fault, str) else known if isinstance(known, str) else type(fault).__name__
    made = _WORD.sub("-", name.rsplit(".", 1)[-1]).lower()
    return made if _ID.fullmatch(made) else UNKNOWN


def error_of(error_type: str, message: str) -> ErrorId:
    """The id of the error in a failure that the scheduler reports. `error_type` may be qualified by its module."""
    if error_type.rsplit(".", 1)[-1] == StepFailed.__name__:
        said = message.partition(" ")[0]
        return said if _ID.fullmatch(said) else UNKNOWN
    return id_of(error_type)


def sentence_for(error: ErrorId) -> str:
    """One sentence on why a step failed."""
    return SENTENCES.get(error, f"It failed unexpectedly ({error}).")


def unavailable_report(specialist: Specialist, round_number: int, reason: str) -> SpecialistReport:
    """The report of a specialist that could not be heard."""
    return SpecialistReport(specialist=specialist, round=round_number, status="unavailable", reason=reason)
