"""The aggregator: one score and one action from three reports."""

from typing import Any

import pytest

from tests.unit.local.model.casefile import CaseFile, JsonObject, remembered


def report(specialist: str, score: float | None, charges: tuple[str, ...] = (), **more: Any) -> JsonObject:
    status = "ok" if score is not None else "not_evaluable"
    finding: JsonObject = {"statement": f"{specialist} saw something.", "evidence_ids": ["e1"]}
    base: JsonObject = {"specialist": specialist, "round": 1, "status": status, "risk_score": score}
    return base | {"findings": [finding], "suspicious_charge_ids": list(charges)} | more


def judge(usage: float | None, location: float | None, billing: float | None, *charges: str) -> JsonObject:
    reports = [report("usage", usage), report("location", location), report("billing", billing, charges)]
    return CaseFile("aggregator", reports=reports).verdict()


def test_three_low_scores_are_cleared():
    verdict = judge(0.2, 0.1, 0.15)
    assert verdict["overall_risk_score"] == pytest.approx(0.2)
    assert verdict["recommended_action"] == "clear"


@pytest.mark.parametrize(
    ("usage", "location", "billing", "charges", "action"),
    [
        (0.2, 0.9, 0.2, (), "lock_account"),
        (0.2, 0.2, 0.8, ("ch-1",), "refund_charges"),
        (0.2, 0.9, 0.8, ("ch-1",), "lock_and_refund"),
        (0.9, 0.2, 0.2, (), "lock_account"),
    ],
)
def test_the_action_follows_from_what_was_taken(
    usage: float, location: float, billing: float, charges: tuple[str, ...], action: str
):
    verdict = judge(usage, location, billing, *charges)
    assert verdict["recommended_action"] == action
    assert verdict["overall_risk_score"] >= max(usage, location, billing)


def test_a_second_high_score_corroborates_the_first():
    assert judge(0.1, 0.8, 0.7)["overall_risk_score"] > judge(0.1, 0.8, 0.2)["overall_risk_score"]


@pytest.mark.parametrize("scores", [(None, 0.1, 0.1), (0.1, None, None), (None, None, None)])
def test_unevaluated_part_keeps_the_score_from_being_low(
    scores: tuple[float | None, float | None, float | None],
):
    verdict = judge(*scores)
    assert verdict["overall_risk_score"] >= 0.6
    assert verdict["recommended_action"] != "clear"
    assert "Not evaluated" in verdict["reasoning"]


def test_no_report_at_all_is_not_harmless():
    assert CaseFile("aggregator").verdict()["overall_risk_score"] >= 0.6


def test_reasoning_quotes_the_feedback_and_says_what_was_done():
    call: JsonObject = {"tool_call_id": "t", "tool": "get_orders", "arguments": {}, "ok": True, "duration_ms": 1}
    call["result_hash"] = "sha256:" + "0" * 64
    reports = [report("usage", 0.1), report("location", 0.7, tool_calls=[call]), report("billing", 0.1)]
    case = CaseFile("aggregator", reports=reports, memory=[remembered("Look at the orders.")])
    reasoning = case.verdict()["reasoning"]
    assert "“Look at the orders.”" in reasoning
    assert "the specialists looked at get_orders" in reasoning
