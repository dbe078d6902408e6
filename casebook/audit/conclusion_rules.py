"""Verifies what the log repeats of a case's assessments against the stored assessments. Pure.

Events repeat the parts of an assessment that people see and that later steps use: these must equal the assessment,
and the policy of the case must allow what followed.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from casebook.policy.four_eyes import overrules
from casebook.policy.log_facts import Data, LogFacts
from casebook.policy.review_terms import Limits
from contracts.assessment import RiskAssessment
from contracts.words import says_something

_CONCLUDED = {"score": "overall_risk_score", "level": "risk_level"}
_ROUTED = {"recommended_action": "recommended_action", "route": "route", "route_reasons": "route_reasons"}
"""Also repeated; but a question may change it, and is then what is kept."""


def conclusion_faults(
    log: LogFacts, kept: Mapping[int, Mapping[str, Any]], digests: Mapping[int, str | None]
) -> Iterator[tuple[int, str]]:
    """Each event that contradicts the assessment of its round, or is not allowed by it.

    `kept` are the assessments by round, as they are stored, and `digests` their hashes.
    """
    for seq, said in log.concluded:
        names = _CONCLUDED | (_ROUTED if said["assessment_hash"] == digests.get(said["round"]) else {})
        body = kept.get(said["round"], {})
        for name, original in names.items():
            if name in said and original in body and said[name] != body[original]:
                yield seq, f"its {name} is not that of the assessment"
    if log.limits is None:
        return
    for seq, said, limits in log.asked:
        if limits is not None and _asks_fewer(said, kept.get(said["round"]), limits):
            yield seq, "it asks fewer people than the limits of the case name"
    for seq, decision, first in log.decided_on:
        if _overrules_silently(decision, first, kept.get(decision["round"], {})):
            yield seq, "it overrules the assessment without a reason"
    if log.cleared_itself_at is not None:
        reason = _why_not_benign(kept.get(max(kept, default=0), {}), log.limits)
        if reason is not None:
            yield log.cleared_itself_at, f"nothing before it justifies it: {reason}"


def _asks_fewer(asked: Data, body: Mapping[str, Any] | None, limits: Limits) -> bool:
    if body is None or limits.policy.four_eyes_refund_minor is None:
        return False
    try:
        needed, approvals = limits.four_eyes(RiskAssessment.model_validate(body))
    except ValidationError:
        return False  # The comparison of the row with its hash reports what cannot be read.
    return not needed <= set(asked.get("four_eyes_actions") or ()) or asked["approvals_required"] < approvals


def _overrules_silently(decision: Data, first: Data | None, body: Mapping[str, Any]) -> bool:
    recommended = None if body.get("overall_risk_score") is None else body.get("recommended_action")
    if decision["verdict"] != "approve" or not overrules(recommended, decision["action"]):
        return False
    giver = decision if first is None else first
    said = [giver.get(name) for name in ("reason_code", "feedback", "comment")]
    said += [] if first is None else [approval.get("comment") for approval in first["approvals"]]
    return not any(says_something(text) for text in said)


def _why_not_benign(body: Mapping[str, Any], limits: Limits) -> str | None:
    if limits.severity == "critical":
        return "what was rated critical goes to a person"
    if body.get("route") != "auto_clear" or body.get("route_reasons"):
        return "its assessment sends it to a person"
    below = limits.policy.auto_clear_threshold
    reports: list[Mapping[str, Any]] = body.get("reports", [])
    scores = [body.get("overall_risk_score"), *(report.get("risk_score") for report in reports)]
    if not reports or any(score is None or score >= below for score in scores):
        return f"a score is not below {below:.2f}"
    return None
