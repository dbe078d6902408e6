"""What the log of a case says that its rows must hold. Pure: no database, no clock.

Every row that people rely on is bound to the event that made or last changed it: by the hash of its content, and by
the values of its columns. Folding the log gives these bonds; `casebook.audit.integrity` holds the rows against them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from pydantic import JsonValue, TypeAdapter

from casebook.case_log.call_chain import Mark, marked
from casebook.policy.priority import PRIORITY
from contracts.alert import Severity
from contracts.case import CaseEvent
from contracts.hashing import content_hash
from contracts.report import SPECIALISTS

Facts = dict[str, JsonValue]
RowKey = tuple[str, str]
"""A table, and the row's key in it as text."""

_AS_JSON = TypeAdapter(datetime)


@dataclass(frozen=True)
class ExpectedRow:
    """What one row must be."""

    seq: int
    """The event that made the row, or last changed it."""
    digest: str | None
    """Hash of its content; null when the release that wrote the event kept none."""
    facts: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    """Columns and their values."""


def as_json(moment: datetime) -> str:
    """A point in time as it stands in an event."""
    return _AS_JSON.dump_python(moment, mode="json")


def round_key(round_number: object) -> RowKey:
    """Of the row of a round."""
    return "round", str(round_number)


def report_key(round_number: object, specialist: object) -> RowKey:
    """Of the row of a report."""
    return "report", f"{round_number}:{specialist}"


class CaseProjection:
    """Folds the log of one case, event by event, in order. Raises KeyError, TypeError or ValueError for one that is
    not as this release or an earlier one writes it."""

    def __init__(self) -> None:
        self.rows: dict[RowKey, ExpectedRow] = {}
        self.unhashed: set[tuple[int, str]] = set()
        """Rounds and specialists whose evidence bears no hash: an earlier release wrote them."""
        self.head: Facts = {}
        """Columns of the case itself."""
        self.marks: list[Mark] = []
        """How far the journal of model calls had come, event by event."""
        self.last_seq = 0
        self._specialists: dict[str, JsonValue] = {}

    def take(self, event: CaseEvent) -> None:
        """Learn what `event` says."""
        handler = _HANDLERS.get(event.type)
        if handler is not None:
            handler(self, event, event.data)
        mark = marked(event.data, event.seq)
        if mark is not None:
            self.marks.append(mark)
        self.last_seq = event.seq
        self.head["updated_at"] = as_json(event.at)

    @property
    def round(self) -> int:
        """The current round."""
        return cast("int", self.head["round"])

    # Opening and investigating

    def opened(self, event: CaseEvent, data: Facts) -> None:
        """`case_opened`"""
        alert = cast("dict[str, Any]", data["alert"])
        self.rows["alert", alert["alert_id"]] = ExpectedRow(event.seq, content_hash(alert), {"opened_seq": event.seq})
        names = ("alert_id", "customer_id", "alert_type", "severity", "source", "rule_id")
        self.head = {
            **{name: alert[name] for name in names},
            "description": alert["description"].replace("\0", "\N{REPLACEMENT CHARACTER}"),
            "priority": PRIORITY[cast("Severity", alert["severity"])],
            "opened_at": as_json(event.at),
            "opened_seq": event.seq,
            "state": "investigating",
            "phase": "investigating",
            "round": 1,
            "outcome": None,
            "due_at": None,
            "disposition": None,
            "assignee": None,
        }
        self._all_pending()

    def broke(self, event: CaseEvent, data: Facts) -> None:
        """`orchestration_failed`"""
        if data["reopens_review"]:
            if self.head["state"] != "acting":
                self._move("investigating")
            self._end_review(event, "superseded")
            self._enter(event, data)

    def round_started(self, event: CaseEvent, data: Facts) -> None:
        """`round_started`"""
        self._move("investigating")
        self._end_review(event, "superseded")
        self._enter(event, data)

    def specialist_started(self, event: CaseEvent, data: Facts) -> None:
        """`specialist_started`"""
        self._enter(event, data)
        self._show(data, "running")

    def specialist_finished(self, event: CaseEvent, data: Facts) -> None:
        """`specialist_finished`"""
        self._enter(event, data)
        round_number, specialist = cast("int", data["round"]), str(data["specialist"])
        facts: Facts = {
            "status": data["status"],
            "risk_score": data["risk_score"],
            "saved_at": as_json(event.at),
        }
        key = report_key(round_number, specialist)
        self.rows[key] = ExpectedRow(event.seq, cast("str", data["report_hash"]), facts)
        hashes = cast("dict[str, str] | None", data.get("evidence_hashes"))
        if hashes is None:
            self.unhashed.add((round_number, specialist))
        for evidence_id, digest in (hashes or {}).items():
            origin: Facts = {"round": round_number, "specialist": specialist}
            self.rows["evidence", evidence_id] = ExpectedRow(event.seq, digest, origin)
        self._show(data, data["status"])

    def assessed(self, event: CaseEvent, data: Facts) -> None:
        """`assessed`"""
        self._enter(event, data)
        self._bind_assessment(event, data)

    # Asking and deciding

    def review_opened(self, event: CaseEvent, data: Facts) -> None:
        """`review_opened`"""
        self._move("awaiting_review")
        self._end_review(event, "superseded")
        self._enter(event, data)
        self._bind_assessment(event, data)
        self._ask(event, data, escalation_reason=None)

    def escalated(self, event: CaseEvent, data: Facts) -> None:
        """`escalated`"""
        self._move("escalated")
        self._drop_proposal()
        self._ask(event, data, escalation_reason=data["reason"])

    def review_expired(self, event: CaseEvent, _: Facts) -> None:
        """`review_expired`"""
        self._end_review(event, "expired")

    def approval_given(self, event: CaseEvent, data: Facts) -> None:
        """`approval_given`"""
        proposal = {name: data[name] for name in ("review_id", "action", "approvals", "disposition")}
        facts: Facts = {"proposed_by": event.actor, "action": data["action"], "proposed_seq": event.seq}
        self.head["assignee"] = None
        self.rows["proposal", str(data["review_id"])] = ExpectedRow(event.seq, content_hash(proposal), facts)

    def approval_withdrawn(self, _: CaseEvent, __: Facts) -> None:
        """`approval_withdrawn`"""
        self._drop_proposal()

    def decision_accepted(self, event: CaseEvent, data: Facts) -> None:
        """`decision_accepted`"""
        decision = {name: value for name, value in data.items() if name != "round"}
        key = str(data["review_id"])
        facts: Facts = {name: data[name] for name in ("round", "verdict", "action")}
        self.rows["decision", key] = ExpectedRow(
            event.seq, content_hash(decision), {**facts, "accepted_seq": event.seq}
        )
        self._set_review(event, key, {"status": "decided"})
        self._drop_proposal()
        self.head["due_at"] = None
        self.head["assignee"] = None
        self.head["disposition"] = data.get("disposition") or _disposition(data)

    # Acting and closing

    def effect_noted(self, event: CaseEvent, data: Facts) -> None:
        """`effect_started`, `effect_finished`"""
        key = ("effect", str(data["key"]))
        first = self.rows.get(key)
        started = event.seq if first is None else first.facts["started_seq"]
        facts: Facts = {"action": data["action"], "status": data["status"], "started_seq": started}
        # An earlier release left out what an effect that has yet to happen cannot have.
        effect = {"result": None, **{name: value for name, value in data.items() if name != "approved"}}
        self.rows[key] = ExpectedRow(event.seq, content_hash(effect), facts)
        self._move("acting")

    def closed(self, event: CaseEvent, data: Facts) -> None:
        """`case_closed`"""
        self._move("closed")
        self._end_review(event, "expired")
        self.head["outcome"] = data["outcome"]

    # Working on it

    def claimed(self, _: CaseEvent, data: Facts) -> None:
        """`claimed`"""
        self.head["assignee"] = data["assignee"]

    def taken_over(self, event: CaseEvent, _: Facts) -> None:
        """`claim_taken_over`"""
        self.head["assignee"] = event.actor

    def released(self, _: CaseEvent, __: Facts) -> None:
        """`claim_released`"""
        self.head["assignee"] = None

    # What people add

    def note_added(self, event: CaseEvent, data: Facts) -> None:
        """`note_added`"""
        facts: Facts = {"author": event.actor, "created_at": as_json(event.at)}
        self.rows["note", str(data["note_id"])] = ExpectedRow(event.seq, cast("str", data["note_hash"]), facts)

    def attachment_added(self, event: CaseEvent, data: Facts) -> None:
        """`attachment_added`"""
        facts: Facts = {"added_by": event.actor, "added_at": as_json(event.at)}
        key = ("attachment", str(data["attachment_id"]))
        self.rows[key] = ExpectedRow(event.seq, cast("str", data["attachment_hash"]), facts)

    def reversal_noted(self, event: CaseEvent, data: Facts) -> None:
        """`reversal_requested`, `reversal_decided`, `reversal_started`, `reversal_finished`"""
        key = ("reversal", str(data["reversal_id"]))
        first = self.rows.get(key)
        requested = event.seq if first is None else first.facts["requested_seq"]
        facts: Facts = {name: data[name] for name in ("action", "undoes", "status")}
        self.rows[key] = ExpectedRow(event.seq, content_hash(data), {**facts, "requested_seq": requested})

    # Parts

    def _move(self, state: str) -> None:
        self.head["state"] = state
        self.head["phase"] = state

    def _enter(self, event: CaseEvent, data: Facts) -> None:
        round_number = cast("int", data["round"])
        if round_number > self.round:
            self.head["round"] = round_number
            self._all_pending()
        if round_key(round_number) not in self.rows:
            facts: Facts = {"started_at": as_json(event.at), "assessment_hash": None}
            self.rows[round_key(round_number)] = ExpectedRow(event.seq, None, facts)

    def _all_pending(self) -> None:
        self._specialists = dict.fromkeys(SPECIALISTS, "pending")
        self.head["specialists"] = self._specialists

    def _show(self, data: Facts, state: JsonValue) -> None:
        if data["round"] != self.round:
            return
        self._specialists[str(data["specialist"])] = state
        if self.head["state"] == "investigating":
            waiting = any(self._specialists[name] in {"pending", "running"} for name in SPECIALISTS)
            self.head["phase"] = "investigating" if waiting else "assessing"

    def _bind_assessment(self, event: CaseEvent, data: Facts) -> None:
        key = round_key(data["round"])
        digest = cast("str", data["assessment_hash"])
        facts = {"started_at": self.rows[key].facts["started_at"], "assessment_hash": digest}
        self.rows[key] = ExpectedRow(event.seq, digest, facts)

    def _ask(self, event: CaseEvent, data: Facts, *, escalation_reason: JsonValue) -> None:
        names = ("round", "assessment_hash", "opened_at", "due_at", "required_role", "approvals_required")
        facts: Facts = {name: data[name] for name in names}
        facts["four_eyes_actions"] = data.get("four_eyes_actions")
        facts["remind_at"] = data.get("remind_at")
        facts["escalation_reason"] = escalation_reason
        facts["status"] = "open"
        key = ("review", str(data["review_id"]))
        if key in self.rows:
            # An escalation leaves alone what was asked, and when.
            kept = {name: self.rows[key].facts[name] for name in ("round", "assessment_hash", "opened_at")}
            facts.update(kept)
        self.rows[key] = ExpectedRow(event.seq, None, facts)
        self.head["due_at"] = data["due_at"]

    def _set_review(self, event: CaseEvent, review: str, changes: Facts) -> None:
        row = self.rows["review", review]
        self.rows["review", review] = ExpectedRow(event.seq, None, {**row.facts, **changes})

    def _end_review(self, event: CaseEvent, status: str) -> None:
        for (table, key), row in list(self.rows.items()):
            if table == "review" and row.facts["status"] == "open":
                self._set_review(event, key, {"status": status})
        self.head["due_at"] = None
        self._drop_proposal()

    def _drop_proposal(self) -> None:
        for key in [key for key in self.rows if key[0] == "proposal"]:
            del self.rows[key]


def _disposition(decision: Facts) -> str:
    """What an earlier release's decision, which has no disposition, was taken to mean when labels came."""
    if decision["verdict"] == "reject":
        return "inconclusive"
    return "false_positive" if decision["action"] == "clear" else "confirmed_fraud"


_HANDLERS: Mapping[str, Callable[[CaseProjection, CaseEvent, Facts], None]] = {
    "case_opened": CaseProjection.opened,
    "orchestration_failed": CaseProjection.broke,
    "round_started": CaseProjection.round_started,
    "specialist_started": CaseProjection.specialist_started,
    "specialist_finished": CaseProjection.specialist_finished,
    "assessed": CaseProjection.assessed,
    "review_opened": CaseProjection.review_opened,
    "escalated": CaseProjection.escalated,
    "review_expired": CaseProjection.review_expired,
    "approval_given": CaseProjection.approval_given,
    "approval_withdrawn": CaseProjection.approval_withdrawn,
    "decision_accepted": CaseProjection.decision_accepted,
    "effect_started": CaseProjection.effect_noted,
    "effect_finished": CaseProjection.effect_noted,
    "case_closed": CaseProjection.closed,
    "claimed": CaseProjection.claimed,
    "claim_taken_over": CaseProjection.taken_over,
    "claim_released": CaseProjection.released,
    "note_added": CaseProjection.note_added,
    "attachment_added": CaseProjection.attachment_added,
    "reversal_requested": CaseProjection.reversal_noted,
    "reversal_decided": CaseProjection.reversal_noted,
    "reversal_started": CaseProjection.reversal_noted,
    "reversal_finished": CaseProjection.reversal_noted,
}


def dedupe_key(event: CaseEvent, previous_seq: int) -> str | None:
    """The name under which this step stands in the log; None where the event does not say."""
    data, kind = event.data, event.type
    match kind:
        case "case_opened" | "case_closed":
            return kind
        case "round_started" | "assessed" | "facts_changed":
            return f"{kind}:{data['round']}"
        case "specialist_started" | "specialist_finished":
            return f"{kind}:{data['round']}:{data['specialist']}"
        case "review_opened" | "decision_accepted" | "review_expired":
            return f"{kind}:{data['review_id']}"
        case "escalated":
            due = datetime.fromisoformat(str(data["due_at"])).isoformat()
            return f"{kind}:{data['review_id']}:{due}"
        case "review_reminded":
            return f"{kind}:{data['review_id']}:{data['at']}"
        case "approval_given":
            return f"{kind}:{data['review_id']}:{event.seq}"
        case "effect_started":
            return f"{kind}:{data['key']}"
        case "effect_finished":
            return f"{kind}:{data['key']}:{data['status']}"
        case "claimed" | "claim_released" | "claim_taken_over" | "orchestration_failed":
            return f"{kind}:{previous_seq}"
        case "note_added":
            return f"{kind}:{data['note_id']}"
        case "attachment_added":
            return f"{kind}:{data['attachment_id']}"
        case "reversal_requested" | "reversal_decided" | "reversal_started":
            return f"{kind}:{data['reversal_id']}"
        case "reversal_finished":
            effect = cast("dict[str, Any]", data["effect"])
            given_up = ":given_up" if (data["status"], effect["status"]) == ("failed", "unknown") else ""
            return f"{kind}:{data['reversal_id']}:{effect['status']}{given_up}"
        case "approval_withdrawn":
            return None
