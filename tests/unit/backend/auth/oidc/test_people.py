"""Who somebody is by the provider's claims."""

from typing import Any

import pytest

from backend.auth.identity import Identity
from backend.auth.oidc.errors import NoRole, TokenRefused
from backend.auth.oidc.options import OidcOptions
from backend.auth.oidc.people import delegated_person_in, person_in, service_in
from backend.auth.oidc.roles import RoleMapping, parse_roles
from casebook.queries.sessions import KnownPerson

OPTIONS = OidcOptions("https://login.example", "desk", "https://desk.example", frozenset({"desk"}))
ENTRA = OidcOptions(
    "https://login.example",
    "desk",
    "https://desk.example",
    frozenset({"desk"}),
    roles=parse_roles("Desk.Analyst: analyst; Desk.Lead: manager; Desk.Service: service"),
    subject_claim="oid",
)


def claims(**more: Any) -> dict[str, Any]:
    return {"sub": "pairwise", "oid": "4f", "name": "Ada Lovelace", "roles": ["analyst"], **more}


def test_person_is_their_subject_with_a_name_to_show() -> None:
    assert person_in(claims(), OPTIONS) == Identity(subject="pairwise", name="Ada Lovelace", roles=("analyst",))


def test_mapping_says_what_roles_mean() -> None:
    given = claims(roles=["Desk.Lead", "Desk.Analyst", "analyst", "Other.Admin"])
    assert person_in(given, ENTRA) == Identity(subject="4f", name="Ada Lovelace", roles=("analyst", "manager"))


@pytest.mark.parametrize(
    "roles", [None, [], ["Other.Admin"], "", 7, {"admin": True}, [["admin"]], ["service"], "Former admin"]
)
def test_nobody_without_a_role_gets_in(roles: object) -> None:
    with pytest.raises(NoRole) as refused:
        person_in(claims(roles=roles), OPTIONS)
    assert refused.value.subject == "pairwise"


@pytest.mark.parametrize(
    "subject", [None, "", 7, "a\nb", "a" * 201, " ada", "ada ", "system", "worker", "channel", "agent:usage"]
)
def test_subject_that_names_nobody_is_refused(subject: object) -> None:
    with pytest.raises(TokenRefused, match="its claim 'oid' says of nobody who they are"):
        person_in(claims(oid=subject, roles=["Desk.Lead"]), ENTRA)


def test_name_is_shown_without_what_cannot_be_read() -> None:
    assert person_in(claims(name="Ada\u202e\x00 L"), OPTIONS).name == "Ada L"
    assert person_in(claims(name="\n", preferred_username="ada@desk"), OPTIONS).name == "ada@desk"
    assert person_in(claims(name=7), OPTIONS).name == "pairwise"
    assert len(person_in(claims(name="a" * 9_000), OPTIONS).name) == 200


@pytest.mark.parametrize(
    ("more", "scopes"),
    [
        ({"scope": "chat cases.read profile"}, ("chat", "cases.read")),
        ({"scp": "cases.open"}, ("cases.open",)),
        ({"roles": ["service", "chat"]}, ("chat",)),
    ],
)
def test_service_has_scopes_and_no_role(more: dict[str, Any], scopes: tuple[str, ...]) -> None:
    found = service_in(claims(**{"roles": ["service"], **more}), OPTIONS)
    assert found is not None
    assert (found.roles, found.scopes) == ((), scopes)


def test_nobody_is_a_person_and_a_service() -> None:
    with pytest.raises(TokenRefused, match="a person and a service at once"):
        service_in(claims(roles=["analyst", "service"], scope="chat"), OPTIONS)


def test_service_without_a_scope_may_do_nothing() -> None:
    with pytest.raises(NoRole):
        service_in(claims(roles=["service"], scope="openid"), OPTIONS)


ADA = KnownPerson("pairwise", "Ada Lovelace", ("analyst",))


def test_program_acts_for_a_person_who_is_known() -> None:
    given = claims(azp="spreadsheet", scp="desk profile", name="spreadsheet")
    assert service_in(given, OPTIONS) is None
    # A token renames nobody.
    assert delegated_person_in(given, OPTIONS, ADA) == Identity(
        subject="pairwise", name="Ada Lovelace", roles=("analyst",)
    )


@pytest.mark.parametrize("scopes", [{}, {"scp": "cases.read"}, {"scope": "openid profile"}, {"scope": "desktop"}])
def test_program_needs_the_scope_to_act_for_somebody(scopes: dict[str, str]) -> None:
    with pytest.raises(TokenRefused, match="it lacks the scope 'desk', by which a person lets a program act for them"):
        delegated_person_in(claims(**scopes), OPTIONS, ADA)


APP_ONLY: dict[str, dict[str, Any]] = {
    "Entra ID": {"azp": "app", "sub": "principal", "oid": "principal"},
    "Entra ID with idtyp": {"azp": "app", "idtyp": "app", "sub": "principal"},
    "Keycloak": {"azp": "batch", "client_id": "batch", "sub": "uuid", "scope": "desk"},
    "Auth0": {"azp": "abc", "sub": "abc@clients", "gty": "client-credentials", "scope": "desk"},
    "Okta": {"cid": "0oa1", "sub": "0oa1", "scp": ["desk"]},
    "RFC 9068": {"client_id": "batch", "sub": "batch", "scope": "desk"},
}


@pytest.mark.parametrize("provider", APP_ONLY)
def test_token_of_a_program_is_never_a_person(provider: str) -> None:
    """Whatever its roles say: a machine is no second pair of eyes."""
    given: dict[str, Any] = {"name": "Batch", "roles": ["manager"], **APP_ONLY[provider]}
    assert service_in(given, OPTIONS) is None
    with pytest.raises(TokenRefused):
        delegated_person_in(given, OPTIONS, None)


@pytest.mark.parametrize(
    "text", ["", ";", "Desk.Lead", "Desk.Lead: lead", ": manager", "A: admin; A: viewer", "A: admin, B: viewer"]
)
def test_mapping_that_is_not_understood_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="write a value of the roles claim, a colon, and what it means here"):
        parse_roles(text)


def test_value_of_the_claim_may_hold_a_colon() -> None:
    assert parse_roles("urn:desk:lead: manager").granted(["urn:desk:lead"]).roles == ("manager",)
    assert RoleMapping().granted(["admin", "viewer"]).roles == ("viewer", "admin")
