"""What the desk needs to know of its OpenID provider."""

from dataclasses import dataclass, field
from datetime import timedelta

from backend.auth.oidc.assertions import ClientAssertion
from backend.auth.oidc.roles import RoleMapping

CALLBACK = "/api/session/callback"


@dataclass(frozen=True)
class OidcOptions:
    """The provider, this desk as its client, and what its claims mean."""

    issuer: str
    client_id: str
    public_origin: str
    """Where browsers find this desk: `https://desk.example`."""
    audiences: frozenset[str]
    """What access tokens for this desk are issued for."""
    roles: RoleMapping = field(default_factory=RoleMapping)
    subject_claim: str = "sub"
    """Which claim says who somebody is, for good: `oid` at Microsoft Entra ID where programs have applications of their
    own, because `sub` is another one for each application there."""
    scope: str = "openid profile email offline_access"
    recheck_after: timedelta = timedelta(minutes=15)
    """How soon the provider is asked again whether somebody still has their roles."""
    assertion: ClientAssertion | None = None
    """None: a public client, which PKCE protects."""

    @property
    def redirect_uri(self) -> str:
        """What is registered at the provider as the place to come back to."""
        return self.public_origin + CALLBACK
