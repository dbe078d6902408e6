"""Verifies an exported case from its file alone. Pure."""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from pydantic import JsonValue, ValidationError

from casebook.audit.integrity import Calls, IntegrityCheck, Row, digest_of
from casebook.case_log.call_chain import spend_of
from casebook.case_log.hash_chain import BrokenLink, person_of
from casebook.projection.alerts import AlertDetached, AlertJoined, CaseMerged
from casebook.projection.attachments import ATTACHMENT
from casebook.projection.case_projection import Facts
from casebook.projection.cases import ALERT, CASE, SUBJECT, CaseOpened
from casebook.projection.changes import ProjectedTable
from casebook.projection.decisions import DECISION
from casebook.projection.effects import EFFECT
from casebook.projection.notes import NOTE
from casebook.projection.questions import PROPOSAL, REVIEW
from casebook.projection.replies import REPLY_TEXT, TextsErased
from casebook.projection.reversals import REVERSAL
from casebook.projection.rounds import EVIDENCE, REPORT, ROUND, RoundStarted
from contracts.assignment import Assignment
from contracts.case import CaseEvent
from contracts.export import EXPORT_FORMAT, READABLE_VERSIONS, CaseExport, ExportedCall
from contracts.hashing import HASH_PREFIX
from contracts.kinds import kind_of

Json = dict[str, Any]


class NotAnExport(Exception):
    """The file is no case export that this release can read; one sentence."""


def verify_export(text: str | bytes) -> IntegrityCheck:
    """Verify the export that `text` is; its `broken` is the first part that is not as its log says.

    Raises NotAnExport for anything that is no export.
    """
    said = _read(text)
    case: Json = said["case"]
    check = IntegrityCheck(str(case.get("case_id")))
    for number, event in enumerate(said["events"], start=1):
        try:
            check.follow(CaseEvent.model_validate(event))
        except ValidationError:
            check.refuse(_seq_of(event, number), "it cannot be read as an event")
    try:
        calls = _calls(said)
        check.broken = check.finish(_rows(said, check), _head(said), calls) or _contradiction(said, check)
        if check.broken is None:
            check.broken = _other_spend(said, check, calls)
    except (KeyError, TypeError, AttributeError, StopIteration, InvalidOperation):
        check.refuse(check.last_seq, "something is missing beside its log, or is of another shape")
    return check


def _read(text: str | bytes) -> Json:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise NotAnExport("it is no JSON") from None
    if not isinstance(said, dict) or cast("Json", said).get("format") != EXPORT_FORMAT:
        raise NotAnExport(f"it does not say that its format is '{EXPORT_FORMAT}'")
    export = cast("Json", said)
    if export.get("version") not in READABLE_VERSIONS:
        readable = " and ".join(map(str, READABLE_VERSIONS))
        raise NotAnExport(f"its version is {export.get('version')!r}, and this release reads {readable}")
    if set(export) != set(CaseExport.model_fields):
        raise NotAnExport("it lacks a part of an export, or has one too many")
    if not isinstance(export["case"], dict) or not isinstance(export["events"], list):
        raise NotAnExport("it holds no case and no log")
    return export


def _seq_of(event: object, number: int) -> int:
    seq = cast("Json", event).get("seq") if isinstance(event, dict) else None
    return seq if isinstance(seq, int) else number


def _rows(said: Json, check: IntegrityCheck) -> Iterator[Row]:
    case: Json = said["case"]
    homes = {name: moved_to for _, name, *_, moved_to in _shown_alerts(said)}
    for alert in _alerts(said):
        row = _row(ALERT, alert)
        yield replace(row, facts={**row.facts, "moved_to": homes.get(row.key)})
    origins: dict[str, Facts] = {}
    reports: dict[str, Row] = {}
    concluded_as = kind_of(check.case_id).concluded_as
    # In place of every text of a conversation that was erased.
    erased: Json | None = {} if any(event["type"] == TextsErased.type for event in said["events"]) else None
    yield from _subject(case, check, erased)
    if check.expects(REPLY_TEXT.name, str(case["round"])):
        digest = digest_of(case["edited"] or erased)
        yield Row(REPLY_TEXT.name, str(case["round"]), digest, {"round": case["round"]})
    for each in said["rounds"]:
        assessment = each[concluded_as] or erased
        digest = None if assessment is None else digest_of(assessment)
        # What was erased is still named by its hash, in the question about it.
        asked = digest if erased is None or each["review"] is None else each["review"]["assessment_hash"]
        yield Row(ROUND.name, ROUND.key_in(each), digest, {"assessment_hash": asked}, body=assessment)
        if each["review"] is not None:
            yield _row(REVIEW, {**each["review"], "round": each["round"]})
        for report in each.get("reports", ()):
            key = REPORT.key_in(report)
            # A round that only asks again shows the reports of its assessment, which bears a hash itself.
            if check.expects(REPORT.name, key) or report not in _reports_of(assessment):
                reports.setdefault(key, replace(_row(REPORT, report), body=report))
            origin: Facts = {"round": report["round"], "specialist": report["specialist"]}
            origins.update({call["tool_call_id"]: origin for call in report["tool_calls"]})
    yield from reports.values()
    for item in said["evidence"]:
        row = _row(EVIDENCE, item)
        facts = {**row.facts, **origins.get(item["evidence_id"], {})}
        yield replace(row, facts=facts, answer=digest_of({"result": item["result"]}))
    if case["review"] is not None:
        yield _row(REVIEW, {**case["review"], "round": case["round"], "status": "open"})
    if case["proposal"] is not None:
        yield _row(PROPOSAL, case["proposal"])
    for decision in case["decisions"]:
        row = _row(DECISION, decision)
        yield replace(row, facts={**row.facts, "on_hold_until": _end_of_hold(case, row.key)})
    for table, name in ((EFFECT, "effects"), (REVERSAL, "reversals")):
        for item in case.get(name, ()):
            yield _row(table, item)
    for note in said["notes"]:
        yield _row(NOTE, note)
    yield from map(_attachment, said["attachments"])


def _end_of_hold(case: Json, review_id: str) -> JsonValue:
    """Until when a decision can be taken back, by what the case shows. Releases before knew no hold."""
    hold: Json | None = case.get("hold")
    return None if hold is None or hold["review_id"] != review_id else hold["held_until"]


def _subject(case: Json, check: IntegrityCheck, erased: Json | None) -> Iterator[Row]:
    """What the case is about, where it has no alerts."""
    if "subject" in case:
        name = kind_of(check.case_id).subject_of(check.case_id)
        yield Row(SUBJECT.name, name, digest_of(case["subject"] or erased), {"subject_id": name})


def _alerts(said: Json) -> list[Json]:
    if said["version"] == 1:
        return [said["case"]["alert"]]
    if "alerts" not in said["case"]:
        return []
    return [each["alert"] for each in said["case"]["alerts"]]


def _recorded_alerts(said: Json) -> list[tuple[Any, ...]]:
    """How each alert came to the case, and where it is now, by its log."""
    events: list[Json] = said["events"]
    rounds = [(each["seq"], each["data"]["round"]) for each in events if each["type"] == RoundStarted.type]
    came: dict[str, tuple[Any, ...]] = {}
    moved: dict[str, str | None] = {}
    for each in events:
        data = each["data"]
        match each["type"]:
            case CaseOpened.type | AlertJoined.type if "alert" in data:
                name = data["alert"]["alert_id"]
                # The alert that opened the case stays the first, when it comes back.
                if moved and name != next(iter(came)):
                    came.pop(name, None)
                round_number = next((number for seq, number in rounds if seq > each["seq"]), None)
                came[name] = (each["at"], person_of(each["actor"]), round_number)
                moved[name] = None
            case AlertDetached.type:
                moved[data["alert_id"]] = data["moved_to"]
            case CaseMerged.type:
                moved.update(dict.fromkeys(data["alert_ids"], data["into"]))
            case _:
                pass
    return [(said["case"]["case_id"], name, *how, moved[name]) for name, how in came.items()]


def _shown_alerts(said: Json) -> list[tuple[Any, ...]]:
    if said["version"] == 1:
        return _recorded_alerts(said)
    names = ("recorded_at", "recorded_by", "round", "moved_to")
    shown: list[Json] = said["case"].get("alerts", [])
    return [(each["case_id"], each["alert"]["alert_id"], *(each[name] for name in names)) for each in shown]


def _reports_of(assessment: Json | None) -> list[Json]:
    return [] if assessment is None else assessment["reports"]


def _row(table: ProjectedTable, item: Json) -> Row:
    """A row of which the export says the content, and whatever columns it says with it."""
    key = table.key_in(item) if table.name_of_key is None else str(item[table.name_of_key[0]])
    has_content = table.body is not None or table.content_of is not None
    facts = {name: item[name] for name in table.bound if name in item}
    return Row(table.name, key, digest_of(item) if has_content else None, facts)


def _attachment(exported: Json) -> Row:
    attachment: Json = exported["attachment"]
    try:
        content = base64.b64decode(exported["content"], validate=True)
    except (binascii.Error, ValueError):
        content = b""
    fits = HASH_PREFIX + hashlib.sha256(content).hexdigest() == attachment["content_hash"]
    return replace(_row(ATTACHMENT, attachment), fault=None if fits else "its file is not the one that was added")


def _head(said: Json) -> Facts:
    """The columns of the case that its page shows."""
    case: Json = said["case"]
    progress: Json = case["progress"]
    return {
        **{name: case[name] for name in CASE.bound if name in case},
        **{name: progress[name] for name in CASE.bound if name in progress},
        "risk_score": progress["score"],
        "assignee": None if case["claim"] is None else case["claim"]["assignee"],
        **_assignment(case),
        **_snooze(case),
        **_legal_hold(case),
        "last_seq": case["last_seq"],
        "last_hash": said["head"],
    }


def _assignment(case: Json) -> Facts:
    """The columns of an assignment; exports of the release before say nothing of any."""
    if "assignment" not in case:
        return {}
    said: Json | None = case["assignment"]
    return {name: None if said is None else said[name] for name in Assignment.model_fields}


def _snooze(case: Json) -> Facts:
    """The columns of a current snooze. One whose time is over is not shown, and ends without a word."""
    said: Json | None = case.get("snooze")
    if said is None:
        return {}
    return {
        "snoozed_by": said["snoozed_by"],
        "snoozed_until": said["until"],
        "snoozed_until_activity": said["until_activity"],
    }


def _legal_hold(case: Json) -> Facts:
    """The columns of a legal hold; exports of the release before say nothing of any."""
    if "legal_hold" not in case:
        return {}
    said: Json | None = case["legal_hold"]
    return {
        "legal_hold_by": None if said is None else said["held_by"],
        "legal_hold_since": None if said is None else said["held_since"],
        "legal_hold_reason": None if said is None else said["reason"],
    }


def _opener(events: list[Json]) -> str | None:
    """The person who opened the case, or None when the product did."""
    return person_of(next(event["actor"] for event in events if event["type"] == "case_opened"))


def _calls(said: Json) -> Calls:
    try:
        return Calls(tuple(ExportedCall.model_validate(call) for call in said["journal"]))
    except ValidationError:
        return Calls(fault="its journal of model calls cannot be read")


def _other_spend(said: Json, check: IntegrityCheck, calls: Calls) -> BrokenLink | None:
    """What the case shows as spent must be the sum of its journal."""
    spent = said["case"]["spend"]
    try:
        lines = spend_of(calls.journal, None).values()
    except ValueError:
        return BrokenLink(check.case_id, check.last_seq, "what its calls cost cannot be read", "model_call")
    priced = all(line.cost_micro_usd is not None for line in lines)
    expected = {
        "model_calls": sum(line.model_calls for line in lines),
        "input_tokens": sum(line.input_tokens for line in lines),
        "output_tokens": sum(line.output_tokens for line in lines),
        "cost_usd": sum(line.cost_micro_usd or 0 for line in lines) if priced else None,
        "estimated_calls": None,
    }
    shown = None if spent is None else {name: spent[name] for name in expected}
    if shown is not None and shown["cost_usd"] is not None:
        shown["cost_usd"] = int((Decimal(str(shown["cost_usd"])) * 1_000_000).to_integral_value())
    if shown == (expected if lines else None) and (spent is None or set(spent) == set(expected)):
        return None
    return BrokenLink(
        check.case_id, check.last_seq, "its spend is not the sum of its journal", f"case '{check.case_id}'"
    )


def _contradiction(said: Json, check: IntegrityCheck) -> BrokenLink | None:
    """What the case page repeats of its rounds must be what they say."""
    case: Json = said["case"]
    rounds: list[Json] = said["rounds"]
    concluded_as = kind_of(check.case_id).concluded_as
    nothing: Json = {"reports": [], concluded_as: None}
    current = next((each for each in rounds if each["round"] == case["round"]), nothing)
    decided: Json = {decision["review_id"]: decision for decision in case["decisions"]}
    shown: dict[str, tuple[Any, Any]] = {
        "reports": (case.get("reports"), current.get("reports")),
        concluded_as: (case[concluded_as], current[concluded_as]),
        "earlier_rounds": (case["earlier_rounds"], [each for each in rounds if each["round"] < case["round"]]),
        "progress": ((case["progress"]["round"], case["progress"]["outcome"]), (case["round"], case["outcome"])),
        "decisions": (
            [each["decision"] for each in rounds],
            [None if each["review"] is None else decided.get(each["review"]["review_id"]) for each in rounds],
        ),
        "opened_by": (case["opened_by"], _opener(said["events"])),
        "alert": (case.get("alert"), next(iter(_alerts(said)), None)),
        "alerts": (_shown_alerts(said), _recorded_alerts(said)),
        "review": (case["review"] is not None, check.has_open_review),
    }
    for name, (repeated, original) in shown.items():
        if repeated != original:
            reason = f"its {name} differ from what its rounds and its log say"
            return BrokenLink(check.case_id, check.last_seq, reason, f"case '{check.case_id}'")
    return None
