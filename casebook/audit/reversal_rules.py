"""The rules of reversals, as the log of a case must follow them. Pure: no database, no clock."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.case import CaseEvent

Data = Mapping[str, Any]

_OF_THE_REQUEST = ("case_id", "action", "undoes", "reason", "requested_by", "requested_at")
_OF_THE_DECISION = ("decided_by", "decided_at", "comment")
_STANDING = ("requested", "approved", "done")
_APPROVED = ("approved", "done", "failed")


@dataclass
class ReversalRules:
    """What is known of each reversal of one case so far."""

    _known: dict[str, Data] = field(default_factory=dict[str, Data])

    def why_not(self, event: CaseEvent, done: Collection[str]) -> str | None:
        """Why nothing before it justifies this event; `done` are the keys of effects that are done."""
        data = event.data
        known = self._known.get(str(data["reversal_id"]))
        if event.type == "reversal_requested":
            reason = self._why_not_requested(event, known, done)
        elif event.type == "reversal_decided":
            reason = _why_not_decided(event, known)
        else:
            reason = _why_not_carried_out(event, known)
        self._known[str(data["reversal_id"])] = data
        return reason

    def _why_not_requested(self, event: CaseEvent, known: Data | None, done: Collection[str]) -> str | None:
        data = event.data
        if known is not None or data["status"] != "requested":
            return "it was asked for before"
        if data["undoes"] not in done:
            return "what it reverses was not done"
        if any(each["undoes"] == data["undoes"] and each["status"] in _STANDING for each in self._known.values()):
            return "another request to reverse the same stands"
        return None if event.actor == data["requested_by"] else f"{data['requested_by']} is said to have asked"


def _why_not_decided(event: CaseEvent, known: Data | None) -> str | None:
    data = event.data
    if known is None or known["status"] != "requested" or data["status"] not in ("approved", "refused"):
        return "nobody had asked for it"
    if not _same(data, known, _OF_THE_REQUEST):
        return "something else had been asked for"
    if data["status"] == "approved" and data["decided_by"] == known["requested_by"]:
        return "it takes another person than the one who asked"
    return None if event.actor == data["decided_by"] else f"{data['decided_by']} is said to have decided"


def _why_not_carried_out(event: CaseEvent, known: Data | None) -> str | None:
    """Of what starts, and of what ends; what was given up may still turn out to have been done."""
    data = event.data
    if known is None or known["status"] not in _APPROVED or data["status"] not in _APPROVED:
        return "nobody had approved it"
    if known["status"] == "done" or (known["status"] == "failed" and data["status"] != "done"):
        return "it had ended"
    if not _same(data, known, (*_OF_THE_REQUEST, *_OF_THE_DECISION)):
        return "something else had been approved"
    effect = data["effect"]
    number, target = str(data["reversal_id"]).rsplit(":", 1)[-1], str(data["undoes"]).rsplit(":", 1)[-1]
    key = f"{data['case_id']}:{data['action']}:{target}:{number}"
    if not isinstance(effect, Mapping) or (effect["key"], effect["action"]) != (key, data["action"]):
        return "it is about something else than was approved"
    return None


def _same(data: Data, known: Data, names: Collection[str]) -> bool:
    return all(data.get(name) == known.get(name) for name in names)
