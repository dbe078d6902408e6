"""Verifies the rows of a case against its log. Pure: the same for a live casebook and for an export."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from pydantic import JsonValue

from casebook.audit.citations import misquoted_answers, misquoted_reports, missing_calls
from casebook.audit.conclusion_rules import conclusion_faults
from casebook.audit.transition_rules import TransitionCheck
from casebook.case_log.call_chain import Mark, SpendKey, SpendLine, chain_faults, marked, spend_faults
from casebook.case_log.hash_chain import BrokenLink, ChainCheck
from casebook.policy.log_facts import LogFacts
from casebook.projection.case_projection import CaseProjection, ExpectedRow, Facts, RowKey
from casebook.projection.effects import why_not_as_approved
from casebook.projection.questions import REVIEW
from casebook.projection.rounds import EVIDENCE, REPORT, ROUND
from contracts.case import CaseEvent
from contracts.export import ExportedCall
from contracts.hashing import content_hash
from contracts.ids import parse_review_id

UNREADABLE = "unreadable"
"""In place of the hash of what cannot be read."""
UNSAID = "nothing"
"""In place of the value of a column that no event says."""


_OF_THE_LOG = ("last_seq", "last_hash")
REPEATED = frozenset({REVIEW.name})
"""What an export says twice: with its round, and as what is being asked."""


@dataclass(frozen=True)
class Row:
    """A row as it is found: the hash of its content, and the columns that the log speaks of."""

    table: str
    key: str
    digest: str | None = None
    facts: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    body: Mapping[str, JsonValue] | None = None
    """Its content, where it quotes other rows."""
    answer: str | None = None
    """The hash of what a tool answered, where that is its content."""
    fault: str | None = None
    """What is wrong with it in itself."""


@dataclass(frozen=True)
class Calls:
    """The journal of model calls as it is found, by number, and what is said of it."""

    journal: tuple[ExportedCall, ...] = ()
    spent: Mapping[SpendKey, SpendLine] | None = None
    """The rows of spend; None where they are not known one by one."""
    head: tuple[int, str | None] | None = None
    """How many entries there are, and the hash of the last one, as the case says; None where it does not say."""
    fault: str | None = None
    """Why the journal cannot be read."""


def digest_of(body: object) -> str:
    """The hash of a row's content; `UNREADABLE` when it is no JSON."""
    try:
        return content_hash(cast("dict[str, Any]", body))
    except (TypeError, ValueError):
        return UNREADABLE


class IntegrityCheck:
    """Checks one case: its events one after the other, then its rows. Holds what the log says of rows, not the log."""

    def __init__(self, case_id: str) -> None:
        self.case_id = case_id
        self.broken: BrokenLink | None = None
        """The first invalid event; later ones cannot be verified then."""
        self.rows = 0
        """How many rows were compared with the log."""
        self._chain = ChainCheck()
        self._projection = CaseProjection()
        self._transitions = TransitionCheck(LogFacts(case_id))
        self._marks: list[Mark] = []
        """How far the journal of model calls had come, event by event."""

    @property
    def last_seq(self) -> int:
        """`seq` of the last event that follows."""
        return self._chain.last_seq

    @property
    def head(self) -> str | None:
        """Hash of the last event that follows."""
        return self._chain.last_hash

    @property
    def has_open_review(self) -> bool:
        """Whether a person is being asked, by the log."""
        reviews = self._projection.rows.get(REVIEW.name, {}).values()
        return any(review.facts["status"] == "open" for review in reviews)

    def expects(self, table: str, key: str) -> bool:
        """Whether there must be such a row, by the log."""
        return self._projection.expected(table, key) is not None

    def refuse(self, seq: int, reason: str) -> None:
        """The event with this `seq` is invalid by itself."""
        if self.broken is None:
            self.broken = BrokenLink(self.case_id, seq, reason)

    def follow(self, event: CaseEvent, step: str | None = None, digest: str | None = None) -> None:
        """Take the next event, whose dedupe key is `step`; `digest`: the hash of the stored data."""
        if self.broken is not None:
            return
        previous = self.last_seq
        self.broken = self._chain.follow(event, digest)
        if self.broken is not None:
            return
        if event.case_id != self.case_id:
            self.refuse(event.seq, f"it belongs to case '{event.case_id}'")
            return
        try:
            unjustified = self._transitions.take(event)
            if unjustified is not None:
                self.refuse(event.seq, f"nothing before it justifies '{event.type}': {unjustified}")
                return
            named = self._projection.apply(event).dedupe_key(previous)
            mark = marked(event.data, event.seq)
        except (KeyError, TypeError, ValueError, AttributeError):
            self.refuse(event.seq, f"it does not say what a '{event.type}' says")
            return
        if mark is not None:
            self._marks.append(mark)
        if step is not None and step != named:
            self.refuse(event.seq, f"its dedupe_key is '{step}' instead of '{named}'")

    def finish(self, rows: Iterable[Row], head: Facts, calls: Calls) -> BrokenLink | None:
        """Compare the rows and the columns of the case with the log. Returns the first that is invalid."""
        if self.broken is not None:
            return self.broken
        last_seq, last_hash = cast("int", head["last_seq"]), head["last_hash"]
        if last_seq > self.last_seq:
            return BrokenLink(self.case_id, last_seq, f"the log of its case ends before event {last_seq}")
        if (last_seq, last_hash) != (self.last_seq, self.head):
            return self._fault("case", self.case_id, self.last_seq, "it names another event as its last")
        found = [*rows]
        self.rows = len({(row.table, row.key) for row in found}) + 1
        faults = [*self._row_faults(found), *self._head_faults(head), *self._effect_faults(found)]
        faults.extend(self._call_faults(calls))
        faults.extend(self._conclusion_faults(found))
        faults.extend(self._quoting_faults(found, calls))
        return min(faults, key=lambda fault: fault.seq, default=None)

    def _call_faults(self, calls: Calls) -> Iterator[BrokenLink]:
        marks = list(self._marks)
        if calls.fault is not None:
            yield self._fault("model_call", "1", self.last_seq, calls.fault)
            return
        self.rows += len(calls.journal) + len(calls.spent or {})
        if calls.head is not None:
            marks.append(Mark(self.last_seq, *calls.head))
        rule = cast("str | None", (self._projection.case.opened or {}).get("rule_id"))
        faults = [*chain_faults(calls.journal, marks, ends=calls.head is not None)]
        if calls.spent is not None:
            faults += spend_faults(calls.spent, calls.journal, rule, self.last_seq)
        for fault in faults:
            yield self._fault(fault.table, fault.key, fault.seq, fault.reason)

    def _row_faults(self, rows: list[Row]) -> Iterator[BrokenLink]:
        for row in rows:
            wanted = self._projection.expected(row.table, row.key)
            if wanted is None:
                yield self._fault(row.table, row.key, self.last_seq, "no event of its case made it")
            else:
                yield from (self._fault(row.table, row.key, wanted.seq, reason) for reason in _differences(row, wanted))
        present = Counter((row.table, row.key) for row in rows)
        for table, keys in self._projection.rows.items():
            for key, wanted in keys.items():
                if (table, key) not in present:
                    yield self._fault(table, key, wanted.seq, "it is missing")
                elif present[table, key] > 1 and table not in REPEATED:
                    yield self._fault(table, key, wanted.seq, "it is there more than once")

    def _head_faults(self, head: Facts) -> Iterator[BrokenLink]:
        expected = self._projection.head
        for name, value in head.items():
            # A claim may have run out, and then ends without a word.
            if name in _OF_THE_LOG or (name == "assignee" and value is None):
                continue
            said = expected.get(name, UNSAID)
            if said != value:
                reason = f"its {name} is {value!r}, but its log says {said!r}"
                yield self._fault("case", self.case_id, self.last_seq, reason)

    def _effect_faults(self, rows: list[Row]) -> Iterator[BrokenLink]:
        """Effects that were carried out on other charges than were approved."""
        bodies = {(row.table, row.key): row.body for row in rows}
        for seq, (action, approved) in self._transitions.log.approved.items():
            asked: RowKey = (ROUND.name, str(parse_review_id(str(approved["review_id"]))[1]))
            reason = why_not_as_approved(approved, bodies.get(asked), action)
            if reason is not None:
                yield BrokenLink(self.case_id, seq, f"nothing before it justifies it: {reason}")

    def _conclusion_faults(self, rows: list[Row]) -> Iterator[BrokenLink]:
        """What the log says of assessments that are other ones, or that do not bear it out."""
        rounds = {int(row.key): row for row in rows if row.table == ROUND.name}
        kept = {number: row.body for number, row in rounds.items() if row.body is not None}
        digests = {number: row.digest for number, row in rounds.items()}
        for seq, reason in conclusion_faults(self._transitions.log, kept, digests):
            yield BrokenLink(self.case_id, seq, reason)

    def _quoting_faults(self, rows: list[Row], calls: Calls) -> Iterator[BrokenLink]:
        """Reports and assessments that name something else than what is kept."""
        answers = {row.key: row.answer for row in rows if row.table == EVIDENCE.name}
        kept = {row.key: row.digest for row in rows if row.table == REPORT.name}
        known = Counter(call.key.rpartition("-")[0] for call in calls.journal if call.use is not None)
        for row in rows:
            wanted = self._projection.expected(row.table, row.key)
            if wanted is None or row.body is None:
                continue
            try:
                reasons = [*misquoted_reports(row.body, kept)] if row.table == ROUND.name else []
                if row.table == REPORT.name:
                    reasons += misquoted_answers(row.body, answers)
                    reasons += missing_calls(row.body, known)
            except (KeyError, TypeError, AttributeError, ValueError):
                reasons = ["it is of another shape"]
            yield from (self._fault(row.table, row.key, wanted.seq, reason) for reason in reasons)

    def _fault(self, table: str, key: str, seq: int, reason: str) -> BrokenLink:
        return BrokenLink(self.case_id, seq, reason, f"{table} '{key}'")


def _differences(row: Row, wanted: ExpectedRow) -> Iterator[str]:
    if wanted.digest != row.digest:
        yield f"its content is not what event {wanted.seq} recorded"
    for name, value in row.facts.items():
        said = wanted.facts.get(name, UNSAID)
        if said != value:
            yield f"its {name} is {value!r}, but event {wanted.seq} says {said!r}"
    if row.fault is not None:
        yield row.fault
