"""The identity of a caller: subject, name and roles."""

from contracts.base import Contract
from contracts.review import Role, may_act_as
from contracts.sessions import Scope


class Identity(Contract):
    """A person who uses Casewright, or a program that acts for itself."""

    subject: str
    """The stable id under which what they do is recorded."""
    name: str
    roles: tuple[Role, ...]
    scopes: tuple[Scope, ...] = ()
    """Of a program that acts for itself; it has no role."""

    def may_act_as(self, required: Role) -> bool:
        """Whether one of the roles is `required` or includes it."""
        return may_act_as(self.roles, required)
