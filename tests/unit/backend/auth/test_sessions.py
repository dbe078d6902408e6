import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from itsdangerous import URLSafeSerializer

from backend.auth.errors import AuthError, NotSignedIn, SessionExpired, SessionInvalid, UnknownPersona
from backend.auth.identity import Identity
from backend.auth.personas import PERSONAS
from backend.auth.sessions import LocalAuthenticator

KEY = "a key for tests that is long enough"
LIFETIME = timedelta(hours=12)


@dataclass
class Clock:
    """The time as the test says."""

    now: datetime = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def authenticator(clock: Clock) -> LocalAuthenticator:
    return LocalAuthenticator(KEY, LIFETIME, PERSONAS, clock)


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.subject)
def test_a_session_says_who_signed_in(authenticator: LocalAuthenticator, persona: Identity) -> None:
    session = authenticator.sign_in(persona.subject)
    assert session.identity == persona
    assert authenticator.identify(session.token) == persona


def test_every_role_has_a_persona_and_analyst_two() -> None:
    roles = sorted(role for persona in PERSONAS for role in persona.roles)
    assert roles == ["admin", "analyst", "analyst", "manager", "viewer"]


def test_a_session_survives_a_restart_with_the_same_key(authenticator: LocalAuthenticator, clock: Clock) -> None:
    token = authenticator.sign_in("ana").token
    assert LocalAuthenticator(KEY, LIFETIME, PERSONAS, clock).identify(token).subject == "ana"


def test_session_ends_at_its_expiry(authenticator: LocalAuthenticator, clock: Clock) -> None:
    session = authenticator.sign_in("ana")
    assert session.expires_at == clock.now + LIFETIME
    clock.now = session.expires_at - timedelta(microseconds=1)
    assert authenticator.identify(session.token).subject == "ana"
    clock.now = session.expires_at
    with pytest.raises(SessionExpired) as refused:
        authenticator.identify(session.token)
    assert str(refused.value) == "This session ended at 2026-05-04 21:30 UTC: sign in again."


def test_a_session_keeps_its_end_when_the_setting_changes(authenticator: LocalAuthenticator, clock: Clock) -> None:
    token = authenticator.sign_in("ana").token
    clock.now += timedelta(hours=1)
    assert LocalAuthenticator(KEY, timedelta(minutes=1), PERSONAS, clock).identify(token).subject == "ana"


def test_a_token_with_any_character_changed_is_refused(authenticator: LocalAuthenticator) -> None:
    token = authenticator.sign_in("vera").token
    accepted: list[int] = []
    for place in range(len(token)):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        try:
            authenticator.identify(changed)
        except SessionInvalid:
            continue
        accepted.append(place)
    # The last character of the signature carries bits that decoding drops.
    assert accepted in ([], [len(token) - 1])


def signed(key: str, content: object, salt: str = "casewright.session.v1") -> str:
    options = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeSerializer(key, salt=salt, signer_kwargs=options).dumps(content)


GENUINE = {"subject": "alex", "expires_at": "2999-01-01T00:00:00Z"}


def test_tokens_of_the_tests_are_accepted(authenticator: LocalAuthenticator) -> None:
    assert authenticator.identify(signed(KEY, GENUINE)).subject == "alex"


@pytest.mark.parametrize(
    "token",
    [
        signed("another key that is long enough too", GENUINE),
        signed(KEY, GENUINE, salt="itsdangerous"),
        signed(KEY, GENUINE).rsplit(".", 1)[0],
        signed(KEY, {"subject": "nobody", "expires_at": "2999-01-01T00:00:00Z"}),
        signed(KEY, {"subject": "alex"}),
        signed(KEY, {**GENUINE, "roles": ["admin"]}),
        signed(KEY, {**GENUINE, "expires_at": "whenever"}),
        signed(KEY, ["alex"]),
        "alex",
        ".",
        "ü.é",
        "x" * 100_000,
    ],
)
def test_foreign_token_is_refused(authenticator: LocalAuthenticator, token: str) -> None:
    with pytest.raises(SessionInvalid) as refused:
        authenticator.identify(token)
    assert str(refused.value) == "This session was not issued by this installation: sign in again."


@pytest.mark.parametrize("token", [None, ""])
def test_without_a_token_nobody_is_signed_in(authenticator: LocalAuthenticator, token: str | None) -> None:
    with pytest.raises(NotSignedIn):
        authenticator.identify(token)


def test_only_personas_can_sign_in(authenticator: LocalAuthenticator) -> None:
    with pytest.raises(UnknownPersona) as refused:
        authenticator.sign_in("root")
    assert str(refused.value) == "There is no persona 'root': choose one of vera, ana, ben, maria, alex."
    assert isinstance(refused.value, AuthError)
