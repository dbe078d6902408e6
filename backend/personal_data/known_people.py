"""Remembers for a minute who the customers of cases are, so that a page that is read again costs nothing."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from threading import Lock
from typing import TypeVar

from pydantic import JsonValue

from backend.personal_data.masking import Masker, is_neutral
from backend.personal_data.names import Person
from casebook.queries.recorded_customers import CustomerReader

FRESH_S = 60.0
"""How long a customer counts as known: a new name is on record in one round, and shown by the next page after it."""
MAX_KNOWN = 10_000

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
        """What masks a message about these cases and customers."""
        people = self.people_of(cases, customers)
        return Masker(dict.fromkeys(each for of_key in people.values() for each in of_key))

    def maskers_of(self, cases: Mapping[str, int | None]) -> Mapping[str, Masker]:
        """By case: what masks messages about it. `cases`: the number of each one's customer, if it is known."""
        people = self.people_of(cases, {customer for customer in cases.values() if customer is not None})
        return {
            case: Masker(dict.fromkeys((*people.get(case, ()), *people.get(customer or 0, ()))))
            for case, customer in cases.items()
        }

    def people_of(self, cases: Collection[str], customers: Collection[int]) -> Mapping[str | int, Sequence[Person]]:
        """Whom an answer about these cases and customers may name, by case and customer."""
        of_cases = self._of(set(cases), self._reader.of_cases)
        return {**of_cases, **self._of(set(customers), self._reader.of_customers)}

    def _of(self, keys: set[KeyT], read: Callable[[Collection[KeyT]], Records[KeyT]]) -> dict[KeyT, tuple[Person, ...]]:
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
        return fresh

    def _keep(self, now: float, people: Mapping[KeyT, tuple[Person, ...]]) -> None:
        with self._lock:
            if len(self._known) + len(people) > MAX_KNOWN:
                self._known.clear()
            self._known.update({key: (now, each) for key, each in people.items()})


def _people(records: Iterable[Mapping[str, JsonValue]]) -> Iterator[Person]:
    for record in records:
        if not is_neutral(record):
            yield Person(str(record.get("name") or ""), str(record.get("email") or ""))
