"""The usage rules: the same spike is resale, a binge or a family, by what the records show."""

import pytest

from contracts.alert import Baseline
from screening.thresholds import HIGH_RISK
from tests.unit.local.model.casefile import (
    NEUTRAL,
    CaseFile,
    an_alert,
    cited,
    event,
    ordinary_records,
    statements,
    subscription,
    ticket,
    usage_days,
)


def spike(times: float = 8.0) -> CaseFile:
    reading = event("u1", 0, "data_usage", gb=times)
    baseline = Baseline(metric="gb_per_reading", observed=times, expected=1.0, threshold=5.0, sample_size=30)
    return CaseFile("usage", an_alert("data_usage_spike", [reading], [reading], baseline))


def with_usage(case: CaseFile, *recent: float, cap_gb: float | None) -> CaseFile:
    days = usage_days(*[1.0] * (30 - len(recent)), *recent)
    case.records["get_data_usage"] = {"days": days, "average_gb": 1.0, "cap_gb": cap_gb}
    return case


def test_days_of_heavy_use_past_the_cap_score_high():
    verdict = with_usage(spike(), *[20.0] * 9, cap_gb=50).verdict()
    assert verdict["risk_score"] >= 0.9
    assert "pattern of resale" in statements(verdict)


def test_same_spike_of_binge_on_unlimited_plan_scores_low():
    verdict = with_usage(spike(), *[6.0] * 4, cap_gb=None).verdict()
    assert verdict["risk_score"] < HIGH_RISK
    assert "within the plan" in statements(verdict)


def test_same_spike_of_family_on_bigger_plan_scores_low():
    case = with_usage(spike(), *[5.0] * 11, cap_gb=350)
    case.records["get_support_tickets"] = {"tickets": [ticket("family_plan")]}
    case.records["get_subscriptions"] = {"subscriptions": [subscription(), subscription("Family", "2026-04-23")]}
    verdict = case.verdict()
    assert verdict["risk_score"] < 0.3
    assert "family plan" in statements(verdict)


def test_line_after_line_opened_in_days_raises_the_score():
    case = CaseFile("usage", an_alert("manual"))
    lines = [subscription(f"Line {n}", f"2026-04-{20 + n}") for n in range(5)]
    case.records["get_subscriptions"] = {"subscriptions": lines}
    assert case.verdict()["risk_score"] >= HIGH_RISK


@pytest.mark.parametrize(("status", "read_only", "is_high"), [(403, True, True), (200, True, False)])
def test_burst_of_calls_is_scored_by_refused_calls(status: int, read_only: bool, is_high: bool):
    calls = [
        event(f"a{n}", n / 60, "api_call", endpoint="orders/List", status_code=status, read_only=read_only)
        for n in range(40)
    ]
    verdict = CaseFile("usage", an_alert("api_burst", calls, calls)).verdict()
    assert (verdict["risk_score"] >= HIGH_RISK) is is_high


def test_an_ordinary_month_scores_low():
    assert CaseFile("usage", an_alert("impossible_travel")).verdict()["risk_score"] < 0.3


def test_without_usage_records_a_small_excess_is_not_evaluable():
    case = spike(4.0)
    case.records = ordinary_records() | {"get_customer": NEUTRAL, "get_data_usage": {"days": [], "average_gb": None}}
    verdict = case.verdict()
    assert verdict["evaluable"] is False
    assert verdict["risk_score"] is None


def test_extreme_reading_without_records_never_scores_low():
    case = spike(20.0)
    case.records = ordinary_records() | {"get_customer": NEUTRAL, "get_data_usage": {"days": [], "average_gb": None}}
    verdict = case.verdict()
    assert verdict["evaluable"] is True
    assert verdict["risk_score"] >= HIGH_RISK
    assert "u1" in cited(verdict)


def test_every_citation_can_be_resolved():
    case = with_usage(spike(), *[20.0] * 9, cap_gb=50)
    verdict = case.verdict()
    assert all(finding["evidence_ids"] for finding in verdict["findings"])
    assert cited(verdict) <= case.citable()


def test_a_family_plan_explains_nothing_past_its_cap():
    case = with_usage(spike(), *[25.0] * 14, cap_gb=300)
    case.records["get_support_tickets"] = {"tickets": [ticket("family_plan")]}
    case.records["get_subscriptions"] = {"subscriptions": [subscription(), subscription("Family", "2026-04-19")]}
    verdict = case.verdict()
    assert verdict["risk_score"] >= HIGH_RISK
    assert "passed the plan's cap" in statements(verdict)


def test_upgraded_plan_explains_more_without_a_ticket():
    case = with_usage(spike(), *[6.0] * 9, cap_gb=300)
    plans = [subscription(status="ended"), subscription("Family", "2026-04-25", data_cap_gb=300)]
    case.records["get_subscriptions"] = {"subscriptions": plans}
    verdict = case.verdict()
    assert verdict["risk_score"] < 0.3
    assert "The bigger plan Family began" in statements(verdict)


def test_many_enormous_days_are_resale_but_one_is_not():
    assert with_usage(spike(), 13.0, cap_gb=150).verdict()["risk_score"] < HIGH_RISK
    assert with_usage(spike(), *[13.0] * 10, cap_gb=None).verdict()["risk_score"] >= HIGH_RISK
