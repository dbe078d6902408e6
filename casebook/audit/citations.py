"""Verifies what reports and assessments cite against what is stored. Pure: no database, no clock.

A report names each answer of a tool by its hash, and an assessment names the reports that it is based on: both must
match the stored rows.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from casebook.projection.rounds import REPORT
from contracts.hashing import content_hash
from contracts.ids import run_id

Body = Mapping[str, Any]


def misquoted_answers(report: Body, answers: Mapping[str, object]) -> Iterator[str]:
    """What is wrong with the answers that a report names; `answers`: their hashes by the id of the call."""
    for call in report.get("tool_calls", ()):
        name = call["tool_call_id"]
        if name not in answers:
            yield f"the answer to its call '{name}' is missing"
        elif answers[name] != call["result_hash"]:
            yield f"the answer to its call '{name}' is another one"


def misquoted_reports(assessment: Body, kept: Mapping[str, str | None]) -> Iterator[str]:
    """What is wrong with the reports that an assessment holds; `kept`: the hashes of those that are kept."""
    for report in assessment.get("reports", ()):
        key = REPORT.key_in(report)
        if key not in kept:
            yield f"its report of the {report['specialist']} specialist is missing"
        elif kept[key] != content_hash(report):
            yield f"its report of the {report['specialist']} specialist is another one"


def missing_calls(report: Body, calls: Mapping[str, int]) -> Iterator[str]:
    """What is wrong with the calls of models that a report counts; `calls`: how many are on record, by run."""
    spend: Body = report.get("spend") or {}
    counted: int = spend.get("model_calls", 0)
    found = calls.get(run_id(report["round"], report["specialist"]), 0)
    if found < counted:
        yield f"it counts {counted} calls of a model, and {found} are on record"
