"""Parses whether a login succeeded. Nothing is guessed: as a success an unknown word would teach the places and devices
of who guesses passwords, and as a failure it would accuse a customer."""

from contracts.telemetry_json import AMBIGUOUS

OUTCOME_FORM = "write true or false"
_YES = frozenset({"success", "succeeded", "successful", "ok"})
_NO = frozenset(
    {"failure", "failed", "fail", "denied", "error", "unsuccessful", "rejected", "refused", "invalid_password"}
)
_TRUE, _FALSE = frozenset({"true", "t", "yes", "y", "on", "1"}), frozenset({"false", "f", "no", "n", "off", "0"})


class NoOutcome(ValueError):
    """The value says neither; the message is one phrase."""


def outcome_of(given: object) -> tuple[bool, bool]:
    """Whether the login succeeded, and whether that needed a repair. Raises NoOutcome."""
    if isinstance(given, bool):
        return given, False
    if isinstance(given, int | float) and given in (0, 1):
        return given == 1, False
    if given is AMBIGUOUS:
        raise NoOutcome("attributes.success: it is given twice, with different values")
    word = given.strip().lower() if isinstance(given, str) else None
    if word in _YES or word in _TRUE:
        return True, word != given or word in _YES
    if word in _NO or word in _FALSE:
        return False, word != given or word in _NO
    shown = "null" if given is None else repr(given)[:40]
    raise NoOutcome(f"attributes.success: {shown} is not read; {OUTCOME_FORM}")
