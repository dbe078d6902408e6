"""What a value of the provider's `roles` claim means here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from contracts.review import Role
from contracts.sessions import Scope

Meaning = Role | Literal["service"]
MEANINGS: tuple[Meaning, ...] = (*get_args(Role), "service")
SCOPES: tuple[Scope, ...] = get_args(Scope)


@dataclass(frozen=True)
class Granted:
    """What the claims of somebody mean."""

    roles: tuple[Role, ...]
    is_service: bool


def _same_names() -> Mapping[str, Meaning]:
    return {meaning: meaning for meaning in MEANINGS}


@dataclass(frozen=True)
class RoleMapping:
    """From values of the claim to roles. A value that it does not know means nothing."""

    meanings: Mapping[str, Meaning] = field(default_factory=_same_names)

    def granted(self, values: Iterable[str]) -> Granted:
        """The roles, in the order of their rank, and whether one of the values is a service's."""
        found = {self.meanings[value] for value in values if value in self.meanings}
        return Granted(tuple(role for role in get_args(Role) if role in found), "service" in found)


def parse_roles(text: str) -> RoleMapping:
    """The mapping in a text such as `Desk.Analyst: analyst; Desk.Lead: manager`. Raises ValueError."""
    meanings: dict[str, Meaning] = {}
    for entry in filter(None, map(str.strip, text.split(";"))):
        value, colon, meaning = (part.strip() for part in entry.rpartition(":"))
        if not colon or not value or "," in value or meaning not in MEANINGS or value in meanings:
            raise ValueError(
                "an entry is not understood: write a value of the roles claim, a colon, and what it means here "
                f"({', '.join(MEANINGS)}); then a semicolon before the next value"
            )
        meanings[value] = meaning
    if not meanings:
        raise ValueError("it names no role: write a value of the roles claim, a colon, and what it means here")
    return RoleMapping(meanings)
