"""What is known already of charges that wait for nothing any more: what was said of them last.

A verdict is said to all partitions, once more when its case was reopened, and sometimes after time has made the charge
"no fraud". Here is whether a partition has counted the charge, and as what, so that it corrects instead of counting it
twice. Charges are kept as hashes of 64 bits.
"""

from array import array
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

from backend.detection.state.packing import Packed, StateInvalid, items, text, whole
from backend.scoring.late_labels import ChargeKey

VERSION: Final = 1
"""Of what `packed` writes."""
MAX_SAID: Final = 2_000
"""The newest verdicts that are remembered."""
MAX_SETTLED: Final = 200_000
"""The newest charges that are remembered to have become "no fraud" by time: 80 bytes each."""
CHUNK: Final = 2_000
"""Settled charges that are saved together."""
_DIGITS: Final = 16
"""Hexadecimal ones of a charge."""


class KnownVerdicts:
    """The newest verdicts, and the newest charges that became "no fraud" by time. What is forgotten counts as new."""

    __slots__ = ("_changed", "_chunks", "_max_settled", "_said", "_settled")

    def __init__(self, max_settled: int = MAX_SETTLED) -> None:
        self._max_settled = max_settled
        self._said: OrderedDict[int, bool] = OrderedDict()
        self._settled: set[int] = set()
        self._chunks: OrderedDict[int, array[int]] = OrderedDict({0: array("Q")})
        """The same, in order; full but for the newest."""
        self._changed: set[int] = set()

    def verdict(self, key: ChargeKey) -> bool | None:
        """Whether the charge was fraud, as was said last; None where nothing is known of it (any more)."""
        charge = _hash_of(key)
        said = self._said.get(charge)
        return False if said is None and charge in self._settled else said

    def say(self, key: ChargeKey, is_fraud: bool) -> None:
        """People have decided what it was."""
        charge = _hash_of(key)
        self._said[charge] = is_fraud
        self._said.move_to_end(charge)
        if len(self._said) > MAX_SAID:
            self._said.popitem(last=False)

    def settle(self, key: ChargeKey) -> None:
        """Time has made it "no fraud"; said again, it changes nothing: each charge is in one chunk."""
        charge = _hash_of(key)
        if charge in self._settled:
            return
        newest = next(reversed(self._chunks))
        if len(self._chunks[newest]) >= CHUNK:
            newest += 1
            self._chunks[newest] = array("Q")
        self._chunks[newest].append(charge)
        self._settled.add(charge)
        self._changed.add(newest)
        while len(self._settled) > self._max_settled and len(self._chunks) > 1:
            oldest, gone = self._chunks.popitem(last=False)
            self._settled.difference_update(gone)
            self._changed.add(oldest)

    def take_chunks(self) -> dict[int, Packed]:
        """The chunks of settled charges that changed since they were taken last, to be saved one by one; None of one
        that is forgotten. `packed` is what is saved beside them."""
        changed, self._changed = sorted(self._changed), set()
        return {each: _hex(self._chunks[each]) if each in self._chunks else None for each in changed}

    def all_chunks(self) -> dict[int, Packed]:
        """Every chunk of settled charges."""
        return {number: _hex(chunk) for number, chunk in self._chunks.items()}

    def packed(self) -> Packed:
        """The verdicts as plain JSON, for another process to go on with."""
        marks = "".join("f" if each else "n" for each in self._said.values())
        return [VERSION, next(reversed(self._chunks)), _hex(self._said), marks]

    @classmethod
    def restored(cls, value: Packed, chunks: Mapping[int, Packed], max_settled: int = MAX_SETTLED) -> "KnownVerdicts":
        """From `packed` and the chunks. Raises StateInvalid for anything else."""
        version, newest, said, marks = items(value, 4)
        if version != VERSION:
            raise StateInvalid(f"the version of known verdicts is {version}, and this release reads {VERSION}")
        known = cls(max_settled)
        charges = _read(said)
        if len(charges) != len(text(marks)):
            raise StateInvalid("a mark for each verdict was expected")
        known._said.update(zip(charges, (each == "f" for each in text(marks)), strict=True))
        known._chunks = OrderedDict((number, _read(chunk)) for number, chunk in sorted(chunks.items()))
        known._chunks.setdefault(whole(newest), array("Q"))
        known._settled.update(*known._chunks.values())
        return known


def _hash_of(key: ChargeKey) -> int:
    named = f"{key.customer_id} {key.event_id}".encode(errors="surrogatepass")
    return int.from_bytes(blake2b(named, digest_size=8).digest(), "big")


def _hex(charges: "array[int] | OrderedDict[int, bool]") -> str:
    return "".join(f"{each:016x}" for each in charges)


def _read(value: Packed) -> "array[int]":
    digits = text(value)
    try:
        return array("Q", (int(digits[at : at + _DIGITS], 16) for at in range(0, len(digits), _DIGITS)))
    except ValueError:
        raise StateInvalid("charges in hexadecimal digits were expected") from None
