"""Findings are checked against the recorded evidence."""

import pytest
from pydantic import JsonValue

from contracts.investigation import RememberedReport, RememberedRound
from contracts.report import Evidence, Finding, ToolCall
from contracts.telemetry import LoginAttributes
from tests.unit.worker.support.cases import NOON, a_report, an_alert, an_event
from worker.domain.evidence import evidence_hash, grounds_of, resolve, seen_charge_ids


def a_call(evidence_id: str, tool: str = "get_customer", *, ok: bool = True, result: JsonValue = None) -> Evidence:
    return Evidence(evidence_id=evidence_id, tool=tool, arguments={}, ok=ok, result=result, recorded_at=NOON)


def remembering(*findings: Finding) -> RememberedRound:
    report = RememberedReport(specialist="usage", risk_score=0.2, findings=findings)
    return RememberedRound(
        round=1,
        reports=(report,),
        overall_risk_score=0.2,
        risk_level="low",
        recommended_action="clear",
        reasoning="",
    )


@pytest.mark.parametrize(
    ("evidence_ids", "unsupported"),
    [
        (("r2-usage-1",), False),
        (("e-1",), False),
        (("r1-usage-1",), False),
        (("r2-usage-1", "r2-usage-2"), False),
        ((), True),
        (("r2-usage-2",), True),
        (("r2-usage-3",), True),
        (("r2-usage-1", "r2-usage-3"), True),
        (("r1-usage-9",), True),
    ],
    ids=[
        "a tool call that answered",
        "an event of the alert",
        "evidence of an earlier round",
        "a failed call beside one that answered",
        "nothing",
        "only a failed call",
        "an invented id",
        "an invented id beside a real one",
        "what an earlier round could not support",
    ],
)
def test_a_finding_is_supported_only_by_recorded_answers(evidence_ids: tuple[str, ...], unsupported: bool) -> None:
    memory = remembering(
        Finding(statement="Kept.", evidence_ids=("r1-usage-1",)),
        Finding(statement="Invented.", evidence_ids=("r1-usage-9",), unsupported=True),
    )
    grounds = grounds_of((an_alert(),), (memory,), (a_call("r2-usage-1"), a_call("r2-usage-2", ok=False)))

    (finding,) = resolve((Finding(statement="It is so.", evidence_ids=evidence_ids),), grounds)

    assert finding.unsupported is unsupported


def test_a_model_cannot_declare_its_own_finding_supported() -> None:
    grounds = grounds_of((an_alert(),), (), ())

    (finding,) = resolve((Finding(statement="Trust me.", evidence_ids=("x",), unsupported=False),), grounds)

    assert finding.unsupported


@pytest.mark.parametrize(
    "result",
    [
        None,
        "text",
        [],
        {"charges": None},
        {"charges": [None, 7, {"charge_id": 7}, {}]},
        {"other": [{"charge_id": "ch-1"}]},
    ],
)
def test_a_malformed_answer_names_no_charge(result: JsonValue) -> None:
    assert seen_charge_ids((a_call("r1-billing-1", "get_recent_charges", result=result),)) == frozenset()


def test_only_answers_of_the_charges_tool_name_charges() -> None:
    charges: JsonValue = {"charges": [{"charge_id": "ch-1"}, {"charge_id": "ch-2"}]}
    calls = (
        a_call("r1-billing-1", "get_recent_charges", result=charges),
        a_call("r1-billing-2", "get_recent_charges", ok=False, result={"charges": [{"charge_id": "ch-failed"}]}),
        a_call("r1-billing-3", "get_support_tickets", result={"charges": [{"charge_id": "ch-ticket"}]}),
    )

    assert seen_charge_ids(calls) == {"ch-1", "ch-2"}


def test_evidence_hash_changes_with_the_result_not_its_duration() -> None:
    def hashed(result_hash: str, duration_ms: int) -> str:
        call = ToolCall(
            tool_call_id="r1-usage-1",
            tool="get_customer",
            arguments={},
            ok=True,
            result_hash="sha256:" + result_hash * 64,
            duration_ms=duration_ms,
        )
        return evidence_hash((a_report(tool_calls=(call,), duration_ms=duration_ms),))

    assert hashed("a", 1) == hashed("a", 2)
    assert hashed("a", 1) != hashed("b", 1)


@pytest.mark.parametrize(
    ("statement", "evidence_ids", "reason"),
    [
        ("Trust me.", (), "It cites no evidence."),
        ("So it is.", ("r2-usage-9",), "It cites “r2-usage-9”, which is not recorded in this case."),
        ("So it is.", ("r2-usage-2",), "What it cites holds no answer."),
        ("It was 45 GB.", ("r2-usage-1",), "It states “45 GB”, which does not occur in what it cites."),
        ("It was 12.5 GB.", ("e-1",), "It states “12.5 GB”, which does not occur in what it cites."),
    ],
)
def test_a_finding_that_counts_for_nothing_says_why(statement: str, evidence_ids: tuple[str, ...], reason: str) -> None:
    grounds = grounds_of((an_alert(),), (), (a_call("r2-usage-1", result={"gb": 12.5}), a_call("r2-usage-2", ok=False)))

    (finding,) = resolve((Finding(statement=statement, evidence_ids=evidence_ids),), grounds)

    assert (finding.unsupported, finding.unsupported_reason) == (True, reason)


def test_figures_may_come_from_citations_and_from_reviewers() -> None:
    remembered = remembering(Finding(statement="Usage was 7.5 GB.", evidence_ids=("r1-usage-1",)))
    remembered = remembered.model_copy(update={"feedback": "Look at the 42 calls of 3 May."})
    grounds = grounds_of((an_alert(),), (remembered,), (a_call("r2-usage-1", result={"gb": 12.5}),))
    statement = "Round 1 asked for the 42 calls of 3 May by customer 7: 7.5 GB then, 12.5 GB now."

    (finding,) = resolve((Finding(statement=statement, evidence_ids=("r1-usage-1", "r2-usage-1")),), grounds)

    assert (finding.unsupported, finding.unsupported_reason) == (False, None)


def reason_against(statement: str, *cited: str) -> str | None:
    """Why a finding counts for nothing in a case of two alerts that share an event."""
    joined = an_alert(
        "a-2", alert_type="brute_force", description="17 failures.", trigger_events=(an_event("e-1"), an_event("e-2"))
    )
    grounds = grounds_of((an_alert(), joined), (), ())
    return resolve((Finding(statement=statement, evidence_ids=cited),), grounds)[0].unsupported_reason


def test_events_of_every_alert_may_be_cited() -> None:
    assert reason_against("It is so.", "e-1", "e-2") is None
    assert reason_against("It is so.", "e-3") == "It cites “e-3”, which is not recorded in this case."


def test_an_event_brings_along_every_alert_that_shows_it() -> None:
    assert reason_against("A login at 12:00 after 17 failures.", "e-1") is None
    assert reason_against("A login, twenty minutes after one from DE.", "e-1") is None
    assert reason_against("Twenty minutes.", "e-2") == "It states “Twenty”, which does not occur in what it cites."


def test_alerts_of_a_shared_event_cannot_be_counted() -> None:
    alerts = [an_alert(f"a-{letter}") for letter in "bcdefghijklmnop"]
    (finding,) = resolve((Finding(statement="14 logins.", evidence_ids=("e-1",)),), grounds_of(alerts, (), ()))

    assert finding.unsupported_reason == "It states “14”, which does not occur in what it cites."


def test_different_events_of_one_id_both_count() -> None:
    other = an_event("e-1").model_copy(update={"attributes": LoginAttributes(country="NO", ip="203.0.113.7")})
    grounds = grounds_of((an_alert(), an_alert("a-2", trigger_events=(other,))), (), ())
    (finding,) = resolve((Finding(statement="From 203.0.113.7.", evidence_ids=("e-1",)),), grounds)

    assert not finding.unsupported
