"""The personas of a local installation: one for every role, and two analysts for four eyes."""

from backend.auth.identity import Identity

PERSONAS: tuple[Identity, ...] = (
    Identity(subject="vera", name="Vera", roles=("viewer",)),
    Identity(subject="ana", name="Ana", roles=("analyst",)),
    Identity(subject="ben", name="Ben", roles=("analyst",)),
    Identity(subject="maria", name="Maria", roles=("manager",)),
    Identity(subject="alex", name="Alex", roles=("admin",)),
)
