"""To whom a case is assigned. Pure: no database, no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.assignment import AssignmentRules, Member
from contracts.review import Role, may_act_as


@dataclass(frozen=True)
class Workload:
    """What somebody has been assigned."""

    open_cases: int = 0
    last_seq: int = 0
    """Of the event that assigned them a case last; 0: none was."""


@dataclass(frozen=True)
class Wanted:
    """Who is looked for."""

    role: Role
    """What the question asks for."""
    kinds: frozenset[str]
    """Kind, alert type and rule of the case: one of them must be a skill, where somebody has any."""
    besides: frozenset[str] = frozenset()
    """Who may not have it."""


def away_until(member: Member, now: datetime) -> datetime | None:
    """The end of the absences in which somebody is away now; None when they are there."""
    end: datetime | None = None
    for absence in sorted(member.absences, key=lambda each: each.begins_at):
        if absence.begins_at <= (now if end is None else end) < absence.ends_at:
            end = absence.ends_at
    return end


def people_away(rules: AssignmentRules, now: datetime) -> frozenset[str]:
    """The members who are away now."""
    return frozenset(member.subject for member in rules.members if away_until(member, now) is not None)


def next_absence(rules: AssignmentRules, now: datetime) -> datetime | None:
    """When somebody goes away next."""
    begins = (absence.begins_at for member in rules.members for absence in member.absences)
    return min((at for at in begins if at > now), default=None)


def may_keep(rules: AssignmentRules, subject: str, wanted: Wanted, now: datetime) -> bool:
    """Whether who has the case may keep it. Somebody who is no member is taken for an analyst who is there."""
    member = rules.member(subject)
    if member is None:
        return subject not in wanted.besides and wanted.role == "analyst"
    return _may_decide(member, wanted, now)


def able(rules: AssignmentRules, wanted: Wanted, now: datetime) -> tuple[Member, ...]:
    """The members who may be given the case, in the order of the setting; nobody while none is assigned by rule."""
    if rules.mode == "off":
        return ()
    return tuple(
        member
        for member in rules.members
        if _may_decide(member, wanted, now) and (not member.skills or not wanted.kinds.isdisjoint(member.skills))
    )


def choose(rules: AssignmentRules, members: Sequence[Member], workloads: Mapping[str, Workload]) -> str:
    """Who of `members` gets the case; there is at least one.

    By load the one with the fewest open cases; of those with as many, and in turn, who was assigned one longest ago;
    of those, the first.
    """

    def order(member: Member) -> tuple[int, int]:
        workload = workloads[member.subject]
        return workload.open_cases if rules.mode == "by_load" else 0, workload.last_seq

    return min(members, key=order).subject


def _may_decide(member: Member, wanted: Wanted, now: datetime) -> bool:
    return (
        member.subject not in wanted.besides
        and may_act_as((member.role,), wanted.role)
        and away_until(member, now) is None
    )
