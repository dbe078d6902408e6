"""Remembers for a minute who the customers of cases are, so that a page that is read again costs nothing."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from threading import Lock
from typing import TypeVar

from pydantic import JsonValue

from backend.personal_data.masking import Masker, is_neutral
from backend.personal_data.names import Person
from casebook.queries.recorded_customers import CustomerReader

FRESH_S = 60.0
"""How long a customer counts as known: a new name is on record in one round, and shown by the next page after it."""
MAX_KNOWN = 10_000
MOST_CUSTOMERS = 10
"""Of an answer about more customers than that, each case's own evidence counts alone."""

KeyT = TypeVar("KeyT", str, int)
Records = Mapping[KeyT, list[Mapping[str, JsonValue]]]


class KnownPeople:
    """Who is known to be the customer of what. From any thread; every method raises CasebookUnavailable."""

    def __init__(self, reader: CustomerReader, clock: Callable[[], float] = time.monotonic) -> None:
        self._reader = reader
        self._clock = clock
        self._known: dict[str | int, tuple[float, tuple[Person, ...]]] = {}
        self._lock = Lock()

    def masker_of(self, cases: Collection[str], customers: Collection[int] = ()) -> Masker:
        """What masks an answer about these cases and customers."""
        found = [*self._of(set(cases), self._reader.of_cases)]
        if len(set(customers)) <= MOST_CUSTOMERS:
            found += self._of(set(customers), self._reader.of_customers)
        return Masker(dict.fromkeys(found))

    def _of(self, keys: set[KeyT], read: Callable[[Collection[KeyT]], Records[KeyT]]) -> Iterator[Person]:
        now = self._clock()
        with self._lock:
            kept = {key: self._known[key] for key in keys if key in self._known}
        fresh = {key: people for key, (at, people) in kept.items() if now - at < FRESH_S}
        # Whoever is not known is looked for each time: the next round may say who it is.
        missing = keys - fresh.keys()
        if missing:
            read_now = {key: tuple(_people(records)) for key, records in read(missing).items()}
            self._keep(now, read_now)
            fresh.update(read_now)
        for people in fresh.values():
            yield from people

    def _keep(self, now: float, people: Mapping[KeyT, tuple[Person, ...]]) -> None:
        with self._lock:
            if len(self._known) + len(people) > MAX_KNOWN:
                self._known.clear()
            self._known.update({key: (now, each) for key, each in people.items() if each})


def _people(records: Iterable[Mapping[str, JsonValue]]) -> Iterator[Person]:
    for record in records:
        if not is_neutral(record):
            yield Person(str(record.get("name") or ""), str(record.get("email") or ""))
