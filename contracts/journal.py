"""The journal of an agent's run: a repeated attempt repeats no step and pays for none twice."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from contracts.brief import CaseBrief
from contracts.spend import ModelUse

Outcome = TypeVar("Outcome")


@dataclass(frozen=True)
class JournalEntry:
    """One step of a run: a model's answer, or what the tools answered to one of its turns."""

    key: str
    """`r1-location-m2`: the run, and the step in it."""
    body: str
    """JSON."""
    use: ModelUse | None = None
    """What the answer cost; None for what costs nothing."""


@dataclass(frozen=True)
class RunCheckpoint(Generic[Outcome]):
    """How far a run has come, which an earlier attempt may have begun."""

    outcome: Outcome | None
    """Its result; None: it is not over."""
    journal: Mapping[str, str]
    """The bodies of its entries by key; none are read of a run that is over."""
    brief: CaseBrief | None = field(default=None, compare=False, repr=False)
    """The case as it is on record; None of a run that is over."""
