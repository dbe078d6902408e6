"""Who acts, as the rest of the backend sees it."""

from typing import Protocol

from fastapi.requests import HTTPConnection

from contracts.model import Contract
from contracts.review import Role

_RANK: dict[Role, int] = {"viewer": 0, "analyst": 1, "manager": 2, "admin": 3}


class Identity(Contract):
    """A person who uses the desk."""

    subject: str
    """The stable id under which what they do is recorded."""
    name: str
    roles: tuple[Role, ...]

    def may_act_as(self, required: Role) -> bool:
        """Whether one of the roles is `required` or stands above it."""
        return any(_RANK[role] >= _RANK[required] for role in self.roles)


class Authenticator(Protocol):
    """Tells from a request who sent it."""

    async def identify(self, connection: HTTPConnection) -> Identity:
        """The person behind `connection`."""
        ...


LOCAL_IDENTITY = Identity(subject="local", name="Local analyst", roles=("analyst", "manager"))


class LocalAuthenticator:
    """Everybody who reaches a desk that listens on loopback only is its one user."""

    async def identify(self, connection: HTTPConnection) -> Identity:  # noqa: ARG002 part of the interface
        """Always the local identity."""
        return LOCAL_IDENTITY
