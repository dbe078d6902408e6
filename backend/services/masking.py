"""Masks what routes answer, with what is known of the customers whom it is about."""

import json
import re
from collections.abc import Collection, Iterator
from typing import TypeGuard

from pydantic import JsonValue

from backend.executor import BlockingExecutor
from backend.personal_data.known_people import KnownPeople
from backend.personal_data.masking import NOBODY, Masker, ids_in
from backend.personal_data.names import UNBORDERED
from backend.services.errors import MaskedText
from contracts.telemetry import MAX_CUSTOMER_ID
from runtime.masked_numbers import CUT

_AROUND = "()[]{}<>,;:!?\"'«»„“”"
_INITIAL = re.compile(rf"(?<![^\W_{UNBORDERED}])[^\W\d_]\.")
_INITIALS = re.compile(rf"{_INITIAL.pattern}(?:,? ?{_INITIAL.pattern})*+")
"""Of a name, and of one whose last word stands first."""
_WORD = re.compile(rf"[^\W_{UNBORDERED}]+|[{UNBORDERED}]")
ITEMS = "items"
"""Where an answer has a list of what was asked for."""
SMALL = 16 * 1024
"""Bytes that hold nobody up while they are read."""


class Masking:
    """The mask between the application and whoever asked."""

    def __init__(self, known: KnownPeople, threads: BlockingExecutor) -> None:
        self._known = known
        self._threads = threads

    async def answer(self, body: bytes, case_id: str | None) -> bytes:
        """A JSON body, masked; `case_id`: the case that was asked for. Raises CasebookUnavailable."""
        if len(body) <= SMALL and not any(_about(value := json.loads(body), case_id)):
            return _written(NOBODY.json(value))
        return await self._threads.run(self._answer, body, case_id)

    async def refusal(self, body: bytes) -> bytes:
        """A problem document, masked: what was wrong is about nobody in particular."""
        return _written(NOBODY.json(json.loads(body)))

    async def is_shown_as(self, given: str, whole: str, cases: Collection[str], customers: Collection[int]) -> bool:
        """Whether `given` is what somebody reads in place of `whole`. Raises CasebookUnavailable."""
        masker = await self._threads.run(self._known.masker_of, cases, customers)
        return given == masker.text(whole)

    async def require_whole(
        self, field: str, given: str, whole: str, cases: Collection[str], customers: Collection[int]
    ) -> None:
        """Raises MaskedText where `given`, which takes the place of `whole`, holds what is masked in it."""
        masker = await self._threads.run(self._known.masker_of, cases, customers)
        for mark in _marks(masker.text(whole), whole, given):
            raise MaskedText(field, mark)

    def _answer(self, body: bytes, case_id: str | None) -> bytes:
        value: JsonValue = json.loads(body)
        known = self._known.people_of(*_about(value, case_id))

        def masked(part: JsonValue, keys: Collection[str | int]) -> JsonValue:
            return Masker(dict.fromkeys(each for key in keys for each in known.get(key, ()))).json(part)

        items = value.get(ITEMS) if isinstance(value, dict) else None
        if not isinstance(value, dict) or not isinstance(items, list):
            return _written(masked(value, known))
        # Each item is shown as it is shown alone: who is beside it does not matter.
        page = {key: part for key, part in value.items() if key != ITEMS}
        of_page = _keys(page, case_id)
        shown = masked(page, of_page)
        assert isinstance(shown, dict), "an object is masked as one"
        return _written({**shown, ITEMS: [masked(item, of_page | _keys(item, None)) for item in items]})


def _marks(masked: str, whole: str, given: str) -> Iterator[str]:
    """What of `given` stands in `masked` for personal data of `whole`: words with something cut, and initials."""
    cut = (word.strip(_AROUND) for word in masked.split())
    yield from (word for word in cut if CUT in word and word != CUT and word not in whole and word in given)
    initials = {*_INITIAL.findall(masked.casefold())} - {*_INITIAL.findall(whole.casefold())}
    taken = _words(whole) - _words(masked) - _words(given)
    for run in (found[0] for found in _INITIALS.finditer(given)):
        of_run = _INITIAL.findall(run.casefold())
        is_name = len(of_run) > 1 and run in masked
        if run not in whole and (is_name or any(each in initials and _begins(taken, each[0]) for each in of_run)):
            yield run


def _words(text: str) -> set[str]:
    return {*_WORD.findall(text.casefold())}


def _begins(words: Collection[str], letter: str) -> bool:
    return any(word.startswith(letter) for word in words)


def _keys(value: JsonValue, case_id: str | None) -> set[str | int]:
    return set[str | int]().union(*_about(value, case_id))


def _about(value: JsonValue, case_id: str | None) -> tuple[set[str], set[int]]:
    """The cases and the customers that it is about."""
    cases = {each for each in (case_id, *ids_in(value, "case_id")) if isinstance(each, str)}
    return cases, {each for each in ids_in(value, "customer_id") if _is_customer(each)}


def _is_customer(value: JsonValue) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_CUSTOMER_ID


def _written(value: JsonValue) -> bytes:
    # Half of a pair of surrogates, which is no character, goes on as the escape that it came as.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")
