"""Who somebody is by the provider's claims. Nothing but these claims says it: no name, no address, no header."""

from collections.abc import Iterable

from backend.auth.identity import Identity
from backend.auth.oidc.errors import NoRole, TokenRefused
from backend.auth.oidc.options import OidcOptions
from backend.auth.oidc.roles import SCOPES
from backend.auth.oidc.tokens import MAX_SUBJECT, Claims
from casebook.policy.actors import is_reserved
from casebook.queries.sessions import KnownPerson
from contracts.base import FiniteJson
from contracts.sessions import Scope

MAX_NAME = 200
DESK_SCOPE = "desk"
"""With it, a program may do what the person may for whom it acts."""
PERSONS_NAMES = ("name", "preferred_username", "email")
PROGRAMS_NAMES = ("app_displayname", "name", "client_id", "azp")


def person_in(claims: Claims, options: OidcOptions) -> Identity:
    """The person whom an ID token is about. Raises TokenRefused, NoRole."""
    subject = subject_in(claims, options)
    roles = options.roles.granted(_values(claims.get("roles"))).roles
    if not roles:
        raise NoRole(subject)
    return Identity(subject=subject, name=_name_in(claims, PERSONS_NAMES) or subject, roles=roles)


def service_in(claims: Claims, options: OidcOptions) -> Identity | None:
    """The program that an access token is about, which acts for itself; None: it is about a person.

    A service is nobody whose approval counts: it has scopes, and no role. Raises TokenRefused, NoRole.
    """
    granted = options.roles.granted(_values(claims.get("roles")))
    if not granted.is_service:
        return None
    if granted.roles:
        raise TokenRefused("it makes one caller a person and a service at once")
    subject = subject_in(claims, options)
    shown = {*_words_of(claims), *_values(claims.get("roles"))}
    scopes: tuple[Scope, ...] = tuple(scope for scope in SCOPES if scope in shown)
    if not scopes:
        raise NoRole(subject)
    return Identity(subject=subject, name=_name_in(claims, PROGRAMS_NAMES) or subject, roles=(), scopes=scopes)


def delegated_person_in(claims: Claims, options: OidcOptions, known: KnownPerson | None) -> Identity:
    """The person for whom a program acts with an access token. `known`: who signed in at this desk under that subject.

    A program could get a token with a role for itself, and providers do not agree on how such a token looks. So it
    counts only for somebody who has signed in here themselves, and only with the scope by which they let the program
    act for them. Raises TokenRefused, NoRole.
    """
    if DESK_SCOPE not in _words_of(claims):
        raise TokenRefused(f"it lacks the scope '{DESK_SCOPE}', by which a person lets a program act for them")
    if known is None:
        raise TokenRefused("it is about nobody who has signed in at this desk")
    roles = options.roles.granted(_values(claims.get("roles"))).roles
    if not roles:
        raise NoRole(known.subject)
    return Identity(subject=known.subject, name=known.name, roles=roles)


def subject_in(claims: Claims, options: OidcOptions) -> str:
    """Who a token is about. Raises TokenRefused."""
    subject = claims.get(options.subject_claim)
    is_text = isinstance(subject, str) and 0 < len(subject) <= MAX_SUBJECT and subject.isprintable()
    if not isinstance(subject, str) or not is_text or subject != subject.strip() or is_reserved(subject):
        raise TokenRefused(f"its claim '{options.subject_claim}' says of nobody who they are")
    return subject


def _name_in(claims: Claims, names: Iterable[str]) -> str | None:
    """What to show. It decides nothing."""
    for claim in names:
        shown = claims.get(claim)
        if isinstance(shown, str) and (name := "".join(filter(str.isprintable, shown)).strip()):
            return name[:MAX_NAME]
    return None


def _words_of(claims: Claims) -> Iterable[str]:
    """The scopes of a token: one text with spaces between, in `scope` (RFC 9068) or `scp`."""
    for name in ("scope", "scp"):
        value = claims.get(name)
        yield from value.split() if isinstance(value, str) else _values(value)


def _values(value: FiniteJson) -> Iterable[str]:
    """The values of a claim that is a list of texts, or one text."""
    if isinstance(value, str):
        return [value]
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
