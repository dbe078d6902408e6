"""The kinds of cases on record. A further one is a module here, and its name in this list."""

from casebook.queries.kinds.fraud import FRAUD_CASES
from casebook.queries.kinds.kind import RecordedKind
from casebook.queries.kinds.reply import REPLIES
from contracts.base import Contract
from contracts.kinds import kind_of

RECORDED_KINDS: dict[str, RecordedKind] = {each.spec.name: each for each in (FRAUD_CASES, REPLIES)}
"""By their names."""


def kind_about(subject: Contract) -> RecordedKind:
    """The kind of the cases that are about this. Raises ValueError when there is none."""
    for kind in RECORDED_KINDS.values():
        if kind.subject is not None and isinstance(subject, kind.subject):
            return kind
    raise ValueError(f"no kind of case is about a {type(subject).__name__}")


def recorded_kind_of(case_id: str) -> RecordedKind:
    """The kind of a case, by its id."""
    return RECORDED_KINDS[kind_of(case_id).name]
