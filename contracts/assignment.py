"""Whose case it is, and the managers' setting by which cases are assigned."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from contracts.alert import AlertType
from contracts.base import Contract, UtcDateTime

AssignmentMode = Literal["off", "round_robin", "by_load"]
"""By whose turn it is, or by who has the fewest open cases; `off`: nothing is assigned by rule."""
MemberRole = Literal["analyst", "manager"]
MAX_MEMBERS = 100
MAX_ABSENCES = 50

Subject = Annotated[str, Field(min_length=1, max_length=200)]
Skill = AlertType
"""A kind of case, an alert type, or the id of a rule."""


class Assignment(Contract):
    """Whose case it is, until somebody changes that or the case is closed. Who works on it now is its claim."""

    assigned_to: str
    """The stable subject id of a person."""
    assigned_by: str
    """Who assigned it: a person, or `system` for the rule."""
    assigned_at: UtcDateTime


class Absence(Contract):
    """A time in which somebody is away."""

    begins_at: UtcDateTime
    ends_at: UtcDateTime
    """From here on the person is there again."""

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        if self.ends_at <= self.begins_at:
            raise ValueError("an absence ends after it begins")
        return self


class Member(Contract):
    """Somebody whom cases are assigned to by rule."""

    subject: Subject
    role: MemberRole = "analyst"
    """What they may decide: a manager gets escalated cases, too."""
    skills: Annotated[tuple[Skill, ...], Field(max_length=50)] = ()
    """Alert types and rules of which they take cases; none: all."""
    absences: Annotated[tuple[Absence, ...], Field(max_length=MAX_ABSENCES)] = ()


class AssignmentRules(Contract):
    """How cases that ask for a person are assigned."""

    mode: AssignmentMode = "off"
    members: Annotated[tuple[Member, ...], Field(max_length=MAX_MEMBERS)] = ()

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        names = [member.subject for member in self.members]
        if len({*names}) < len(names):
            raise ValueError("each member is named once")
        return self

    def member(self, subject: str) -> Member | None:
        """The member with this subject id."""
        return next((each for each in self.members if each.subject == subject), None)


class AssignmentSetting(Contract):
    """The rules as they are, with their version: a change names the one that it replaces."""

    version: Annotated[int, Field(ge=0)]
    rules: AssignmentRules
    changed_by: str | None
    """Null while nobody has changed it."""
    changed_at: UtcDateTime | None
