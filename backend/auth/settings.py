"""The settings of who may sign in, and how."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator, model_validator
from pydantic_settings import NoDecode

from backend.auth.oidc.assertions import (
    CertificateAssertion,
    ClientAssertion,
    FederatedAssertion,
    ManagedIdentityAssertion,
)
from backend.auth.oidc.options import OidcOptions
from backend.auth.oidc.roles import RoleMapping, parse_roles
from backend.desk_settings import DeskSettings
from casebook.database.transactions import utc_now
from contracts.addresses import checked, is_readable_on_the_way

_ORIGIN = re.compile(r"https?://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?", re.ASCII)
_OF_ALL_TENANTS = re.compile(r"https://login\.microsoftonline\.com/(common|organizations|consumers)/")


def _issuer(address: str) -> str:
    parts = urlsplit(checked(address))
    if parts.scheme not in ("http", "https") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("an issuer is an https:// address without a query")
    if not address.isascii() or any(char.isspace() for char in address) or "/.well-known/" in address:
        raise ValueError("an issuer is what the discovery document calls itself, without spaces and /.well-known/")
    if is_readable_on_the_way(address):
        raise ValueError("keys and codes are never fetched over plain http from another machine: use https://")
    if _OF_ALL_TENANTS.match(address):
        raise ValueError("it lets people of every tenant in: write the id of yours in place of common")
    return address


def exact_origin(address: str) -> str:
    """The origin, if the text is one as browsers send it. Raises ValueError."""
    if _ORIGIN.fullmatch(address) is None:
        raise ValueError(
            "an origin is a scheme, a host in small letters and perhaps a port, and nothing else: https://desk.example"
        )
    parts = urlsplit(checked(address))
    if parts.port == {"http": 80, "https": 443}[parts.scheme]:
        raise ValueError(f"browsers leave out port {parts.port} of {parts.scheme}://: leave it out, too")
    return address


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise ValueError("there is no such file")
    return file


ExistingFile = Annotated[Path, AfterValidator(_existing)]


class SignInSettings(DeskSettings):
    """How people sign in; each is the environment variable of the same name in capitals."""

    session_hours: Annotated[float, Field(gt=0, le=24 * 366)] = 12.0
    """How long a session lives at most."""
    session_idle_minutes: Annotated[float, Field(ge=1, le=24 * 60 * 366)] = 60.0
    """How long a session lives that nobody uses."""
    security_log_days: Annotated[int, Field(ge=1, le=36_600)] = 400
    """How long lines of the security log are kept."""
    public_origin: Annotated[str, AfterValidator(exact_origin)] | None = None
    """Where browsers find this desk: `https://desk.example`."""

    oidc_issuer: Annotated[str, AfterValidator(_issuer)] | None = None
    """The issuer exactly as the provider writes it: `https://login.microsoftonline.com/<tenant>/v2.0`."""
    oidc_client_id: Annotated[str, Field(pattern=r"^[!-~]{1,200}$")] | None = None
    """This desk's application at the provider."""
    oidc_audiences: Annotated[tuple[str, ...], NoDecode] = ()
    """What access tokens for this desk are issued for, separated by commas; without it, no token is accepted."""
    oidc_roles: Annotated[RoleMapping, NoDecode] = Field(default_factory=RoleMapping)
    """What values of the `roles` claim mean: `Desk.Analyst: analyst; Desk.Lead: manager`."""
    oidc_subject_claim: Literal["sub", "oid"] = "sub"
    """Which claim says who somebody is, for good."""
    oidc_scopes: Annotated[str, Field(pattern=r"(^|\s)openid(\s|$)")] = "openid profile email offline_access"
    """What the provider is asked for, separated by spaces."""
    oidc_recheck_minutes: Annotated[float, Field(ge=1, le=24 * 60)] = 15.0
    """How soon the provider is asked again whether somebody still has their roles."""
    oidc_client_certificate_file: ExistingFile | None = None
    """A file with the private key of a certificate and the certificate, in PEM: this desk proves with it who it is."""
    oidc_federated_token_file: ExistingFile | None = None
    """Instead: a file with what an issuer that the provider trusts says of this workload."""
    oidc_managed_identity_client_id: Annotated[str, Field(pattern=r"^[!-~]{1,200}$")] | None = None
    """Instead: the managed identity that the application trusts."""

    @field_validator("oidc_roles", mode="before")
    @classmethod
    def _read_roles(cls, value: object) -> object:
        return parse_roles(value) if isinstance(value, str) else value

    @field_validator("oidc_audiences", mode="before")
    @classmethod
    def _split_audiences(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(name.strip() for name in value.split(",") if name.strip())

    @model_validator(mode="after")
    def _name_the_provider(self) -> "SignInSettings":
        if self.auth_mode != "oidc":
            return self
        needed = ("oidc_issuer", "oidc_client_id", "public_origin")
        missing = [name.upper() for name in needed if getattr(self, name) is None]
        if missing:
            raise ValueError(f"AUTH_MODE=oidc needs {', '.join(missing)}: set {'it' if len(missing) == 1 else 'them'}")
        if is_readable_on_the_way(self.public_origin or ""):
            raise ValueError("PUBLIC_ORIGIN is plain http, over which sessions can be read: serve the desk by https://")
        if len(self._credentials()) > 1:
            raise ValueError(f"{', '.join(self._credentials())} are set: this desk proves in one way who it is")
        return self

    def provider(self) -> OidcOptions | None:
        """The sign-in provider; None: there is none."""
        if self.auth_mode != "oidc":
            return None
        assert self.oidc_issuer is not None
        assert self.oidc_client_id is not None
        assert self.public_origin is not None
        return OidcOptions(
            issuer=self.oidc_issuer,
            client_id=self.oidc_client_id,
            public_origin=self.public_origin,
            audiences=frozenset(self.oidc_audiences),
            roles=self.oidc_roles,
            subject_claim=self.oidc_subject_claim,
            scope=" ".join(self.oidc_scopes.split()),
            recheck_after=timedelta(minutes=self.oidc_recheck_minutes),
            assertion=self._assertion(self.oidc_client_id),
        )

    def _credentials(self) -> list[str]:
        names = ("oidc_client_certificate_file", "oidc_federated_token_file", "oidc_managed_identity_client_id")
        return [name.upper() for name in names if getattr(self, name) is not None]

    def _assertion(self, client_id: str) -> ClientAssertion | None:
        if self.oidc_client_certificate_file is not None:
            return CertificateAssertion(self.oidc_client_certificate_file, client_id, utc_now)
        if self.oidc_federated_token_file is not None:
            return FederatedAssertion(self.oidc_federated_token_file)
        if self.oidc_managed_identity_client_id is not None:
            return ManagedIdentityAssertion(self.oidc_managed_identity_client_id)
        return None
