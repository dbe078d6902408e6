"""Why somebody could not sign in at the provider, or why a token of the provider is not accepted.

AuthError
├── SignInLost            400  the answer belongs to no sign-in of this browser
├── SignInDeclined        401  the provider said no
├── LogoutRefused         400  the provider's word that a session ends is not its word
├── TokenRefused          401  a token that nobody may rely on
├── NoRole                403  genuine, and nobody here
└── ProviderUnavailable   503
"""

from backend.auth.errors import AuthError


class SignInLost(AuthError):
    """The provider's answer is to no sign-in that this browser began."""

    id = "sign-in-lost"
    status = 400

    def __init__(self) -> None:
        super().__init__("This sign-in was not begun in this browser, or is longer ago than ten minutes: begin again.")


class SignInDeclined(AuthError):
    """The provider did not sign the person in, or takes its own answer back."""

    id = "sign-in-declined"

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"The sign-in provider declined ({code}): begin again, or ask who administers it.")


class TokenRefused(AuthError):
    """A token of the provider that is not for this desk, not genuine, or not valid now."""

    id = "token-refused"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The token is not accepted: {reason}.")


class LogoutRefused(AuthError):
    """A logout token that ends nothing. The protocol wants 400 for it."""

    id = "logout-refused"
    status = 400

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)


class NoRole(AuthError):
    """The provider knows them, and gives them nothing that means a role here."""

    id = "no-role"
    status = 403

    def __init__(self, subject: str) -> None:
        super().__init__("You are signed in at the provider and have no role at this desk: ask for one there.")
        self.subject = subject


class ProviderUnavailable(AuthError):
    """The provider does not answer, or not with what the protocol says."""

    id = "provider-unavailable"
    status = 503

    def __init__(self, reason: str) -> None:
        super().__init__(f"The sign-in provider cannot be used right now ({reason}): try again soon.")
