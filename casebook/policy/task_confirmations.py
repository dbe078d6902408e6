"""Which changes of tasks a reply may make only after the user was asked and said yes. Pure.

The question is what the reply before has asked, on record; the yes is the user's next message, by its words. No model
has a say in either.
"""

import re
import unicodedata
from collections.abc import Sequence

from contracts.task_plans import PlannedTaskChange

_YES = frozenset(
    [
        "yes",
        "yep",
        "yeah",
        "y",
        "ok",
        "okay",
        "sure",
        "confirm",
        "confirmed",
        "agreed",
        "ja",
        "jawohl",
        "oui",
        "si",
        "sí",
        "sim",
        "da",
        "tak",
    ]
)
"""What a message begins with that confirms."""
_NO = frozenset(
    [
        "no",
        "not",
        "nope",
        "don't",
        "never",
        "cancel",
        "wait",
        "stop",
        "but",
        "instead",
        "nicht",
        "nein",
        "kein",
        "non",
        "pas",
        "não",
        "nie",
    ]
)
"""What a message that confirms does not say anywhere, nor what the user has written since."""
_WORDS = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


def says_yes(messages: Sequence[str]) -> bool:
    """Whether the first message confirms what was asked: it begins with a yes, and nothing takes that back."""
    first, *later = map(_words_of, messages)
    return bool(first) and first[0] in _YES and all(_NO.isdisjoint(words) for words in (first, *later))


def needs_confirmation(changes: Sequence[PlannedTaskChange]) -> bool:
    """Whether the user is asked first: a deletion, and more than one change at a time."""
    return len(changes) > 1 or any(each.change == "delete" for each in changes)


def is_permitted(
    changes: Sequence[PlannedTaskChange], asked: Sequence[PlannedTaskChange], messages: Sequence[str]
) -> bool:
    """Whether a reply to `messages` may make these changes, where the reply before has asked about `asked`."""
    return not needs_confirmation(without(changes, asked if says_yes(messages) else ()))


def without(changes: Sequence[PlannedTaskChange], others: Sequence[PlannedTaskChange]) -> tuple[PlannedTaskChange, ...]:
    """Those that are not among the others, each once."""
    known = {_key(each) for each in others}
    first = {_key(each): each for each in reversed(changes)}
    return tuple(each for key, each in reversed(first.items()) if key not in known)


def _key(change: PlannedTaskChange) -> tuple[str, ...]:
    """What makes two changes the same: of a new task what it says, for its id is new each time."""
    if change.change != "create":
        return change.change, change.task_id
    return change.change, change.title, "" if change.due is None else change.due.at.isoformat()


def _words_of(message: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", message).replace("\u2019", "'").casefold()
    return _WORDS.findall(plain)
