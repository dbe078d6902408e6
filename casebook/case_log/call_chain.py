"""The hash chain of model calls, and the spend that follows from it. Pure.

Each entry has the hash of the previous one of its case. The case's row has the head of the chain, and the events that
end a run record the head at that time: so spend needs no events of its own and is still verified against the log.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from pydantic import JsonValue

from contracts.export import ExportedCall
from contracts.hashing import canonical_json, content_hash, text_hash
from contracts.spend import ModelUse

_MICRO = Decimal(1_000_000)

SpendKey = tuple[int, str, str, str]
"""Round, agent, model and UTC day."""


@dataclass(frozen=True)
class Mark:
    """How far the chain had come, as an event (or the case) says."""

    seq: int
    entries: int
    digest: str | None


@dataclass(frozen=True)
class SpendLine:
    """What a row of spend must hold."""

    rule_id: str | None
    model_calls: int
    input_tokens: int
    output_tokens: int
    cost_micro_usd: int | None


@dataclass(frozen=True)
class Fault:
    """A row of the journal or of spend that is not what it must be."""

    seq: int
    table: str
    key: str
    reason: str


def stored_use(use: ModelUse | None) -> str | None:
    """What an answer cost, as its row keeps it."""
    return None if use is None else canonical_json(use)


def micro_usd(cost: Decimal | None) -> int | None:
    """A cost as rows of spend keep it."""
    return None if cost is None else int((cost * _MICRO).to_integral_value())


def spend_key(key: SpendKey) -> str:
    """A row of spend as text."""
    return ":".join(map(str, key))


def link(previous: str | None, call: ExportedCall) -> str:
    """The hash of an entry that follows `previous`."""
    said = call.model_dump(mode="json", exclude={"hash"})
    return content_hash({"previous": previous, **said})


def chained(
    previous: str | None, number: int, key: str, response: str, recorded_at: datetime, use: str | None
) -> ExportedCall:
    """The next entry of a chain whose head is `previous`."""
    call = ExportedCall(
        number=number, key=key, response_hash=text_hash(response), recorded_at=recorded_at, use=use, hash=text_hash("")
    )
    return call.model_copy(update={"hash": link(previous, call)})


def marked(data: Mapping[str, JsonValue], seq: int) -> Mark | None:
    """What an event says of the chain; None of one that says nothing."""
    said = cast("dict[str, Any] | None", data.get("journal"))
    return None if said is None else Mark(seq, int(said["entries"]), said["hash"])


def as_data(entries: int, digest: str | None) -> dict[str, JsonValue]:
    """The head of the chain, as an event says it."""
    return {"entries": entries, "hash": digest}


def chain_faults(calls: Sequence[ExportedCall], marks: Sequence[Mark], *, ends: bool = True) -> Iterator[Fault]:
    """What is invalid in a chain. `marks` by `seq`; with `ends`, the last one is its head as the case says it."""
    at_the_end = marks[-1].seq if marks else 0
    heads: dict[int, str | None] = {0: None}
    previous: str | None = None
    for position, call in enumerate(calls, start=1):
        seq = next((mark.seq for mark in marks if mark.entries >= position), at_the_end)
        if call.number != position:
            yield Fault(seq, "model_call", call.key, f"it is number {call.number} of its case instead of {position}")
            return
        if call.hash != link(previous, call):
            yield Fault(seq, "model_call", call.key, "its content is not what was linked to the call before it")
            return
        previous = heads[position] = call.hash
    for mark in marks:
        if mark.entries not in heads:
            yield Fault(mark.seq, "model_call", str(len(calls) + 1), "it is missing")
        elif heads[mark.entries] != mark.digest:
            yield Fault(mark.seq, "model_call", str(mark.entries), "it is not the call that was on record then")
    if ends and len(calls) > marks[-1].entries:
        yield Fault(at_the_end, "model_call", calls[-1].key, "its case knows of no such call")


def spend_of(calls: Sequence[ExportedCall], rule_id: str | None) -> dict[SpendKey, SpendLine]:
    """The spend, computed again from the calls. Raises ValueError for a use that cannot be read."""
    lines: dict[SpendKey, SpendLine] = {}
    for call in calls:
        if call.use is None:
            continue
        use = ModelUse.model_validate_json(call.use)
        key = (use.round, use.agent, use.model, call.recorded_at.date().isoformat())
        line = lines.get(key, SpendLine(rule_id, 0, 0, 0, 0))
        cost = micro_usd(use.cost_usd)
        lines[key] = SpendLine(
            line.rule_id,
            line.model_calls + 1,
            line.input_tokens + use.input_tokens,
            line.output_tokens + use.output_tokens,
            # An unknown cost makes the sum unknown, and so it stays.
            None if cost is None or line.cost_micro_usd is None else line.cost_micro_usd + cost,
        )
    return lines


def spend_faults(
    spent: Mapping[SpendKey, SpendLine], calls: Sequence[ExportedCall], rule_id: str | None, seq: int
) -> Iterator[Fault]:
    """Rows of spend that do not follow from the journal."""
    try:
        expected = spend_of(calls, rule_id)
    except ValueError:
        yield Fault(seq, "model_call", "use", "what it cost cannot be read")
        return
    for key in sorted({*spent, *expected}):
        if key not in spent:
            yield Fault(seq, "model_spend", spend_key(key), "it is missing")
        elif key not in expected:
            yield Fault(seq, "model_spend", spend_key(key), "no call of a model made it")
        elif spent[key] != expected[key]:
            yield Fault(seq, "model_spend", spend_key(key), "it is not the sum of the calls that were recorded")
