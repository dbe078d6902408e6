"""No free text and no personal data in any history: ids, hashes, decisions, scores and times only."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from durabletask.internal import orchestrator_service_pb2 as pb
from pydantic import JsonValue

from contracts.base import Contract
from contracts.steps import DurableAgentState, RememberFeedbackInput, RememberRoundInput
from tests.replay.record_histories import RECORDINGS, REMINDER_RECORDING, RESET_RECORDING, REVERSAL_RECORDING
from tests.replay.replaying import read_history
from worker.domain import memory

CASE = r"case-[A-Za-z0-9_.-]{1,100}"
GRAMMAR = re.compile(
    "|".join(
        (
            rf"{CASE}(:r[0-9]{{1,4}})?",  # a case, a review
            rf"{CASE}:[a-z_]+:[0-9]+",  # an effect, a reversal
            r"task-[a-z0-9]{1,40}",
            r"sha256:[0-9a-f]{64}",
            r"[a-z]+(_[a-z]+){0,4}",  # a word of ours: a verdict, a role, an action
            r"[a-z]+(-[a-z]+){1,5}",  # the id of an error
            rf"[a-z][a-z0-9-]+ {CASE}(:[a-z_]+:[0-9]+)?",  # an error that crosses the scheduler
            r"20[0-9]{2}-[0-9]{2}-[0-9]{2}",  # a day
            r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|\\+00:00)",
        )
    )
)
# fmt: off
FIELDS = frozenset({
    "case_id", "round", "specialist", "max_review_attempts", "reconcile_hours", "resume", "outcome", "status",
    "risk_score", "report_hash", "score", "route", "assessment_hash", "required_role", "asked_at",
    "escalation", "added", "why", "error", "review_id", "opened_at", "due_at", "approvals_required",
    "four_eyes_actions", "remind_at", "announced", "verdict", "action", "at", "after_refusal", "has_changed",
    "order", "last", "effects", "undoes", "reversal_id", "rounds", "feedback", "phase", "specialists", "usage",
    "location", "billing", "concluded", "role", "review", "decision", "is_expired", "is_acting", "done",
    "rejections", "version", "refused", "task_id", "revision", "wait_until", "told",
    "day",
})
# fmt: on
"""Every field that a payload may have."""
FORGED = {"some day"}
"""What the recording of a broken case was answered with."""


def payloads(event: pb.HistoryEvent) -> Iterator[tuple[str, str]]:
    """Every text in an event that is ours, with where it was found."""
    for field, body in event.ListFields():
        if not hasattr(body, "ListFields"):
            continue
        for name in ("input", "result", "output", "reason"):
            if name in body.DESCRIPTOR.fields_by_name and (value := getattr(body, name)).ListFields():
                yield f"{field.name}.{name}", value.value
        if "failureDetails" in body.DESCRIPTOR.fields_by_name:
            failure = body.failureDetails
            while failure.errorType:
                yield (
                    f"{field.name}.errorMessage",
                    json.dumps(failure.errorMessage.removeprefix("").rpartition(": ")[2]),
                )
                if not failure.HasField("innerFailure"):
                    break
                failure = failure.innerFailure


def leaves(value: JsonValue) -> Iterator[str]:
    """Every string in a JSON value; fails at the name of a field that is not known."""
    if isinstance(value, str):
        yield value
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for name in value if isinstance(value, dict) else ():
        assert name in FIELDS, f"the field {name!r} is not known"
    for part in parts:
        yield from leaves(part)


@pytest.mark.parametrize(
    "recording", [*RECORDINGS, REMINDER_RECORDING, RESET_RECORDING, REVERSAL_RECORDING], ids=lambda path: path.stem
)
def test_history_holds_no_free_text(recording: Path) -> None:
    found = [
        (where, leaf)
        for event in read_history(recording)
        for where, payload in payloads(event)
        for leaf in leaves(json.loads(payload or "null"))
    ]

    assert found, "a recording without a payload proves nothing"
    assert [(where, leaf) for where, leaf in found if not GRAMMAR.fullmatch(leaf) and leaf not in FORGED] == []


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_no_payload_is_larger_than_a_kilobyte(recording: Path) -> None:
    sizes = [len(payload) for event in read_history(recording) for _, payload in payloads(event)]

    assert max(sizes) < 1_024


def test_memory_after_a_hundred_rounds_is_small() -> None:
    state = DurableAgentState()
    for number in range(1, 101):
        case, digest = f"case-{'a' * 95}", "sha256:" + "0" * 64
        state = memory.with_round(state, RememberRoundInput(round=number, assessment_hash=digest))
        said = RememberFeedbackInput(round=number, review_id=f"{case}:r{number}")
        state = memory.with_feedback(state, said)

    assert len(state.model_dump_json()) < 32_000


def test_free_text_would_be_found() -> None:
    assert not any(map(GRAMMAR.fullmatch, ("Look at the roaming package.", "Ana Lima", "4111 1111", "ana@example.org")))
    assert issubclass(DurableAgentState, Contract)
