"""Twenty rounds of the longest feedback on the longest reports: no payload comes near the scheduler's limit."""

import pytest

from contracts.investigation import SpecialistOrder
from contracts.report import Finding, SpecialistReport
from tests.replay.record_histories import history_at, running_lab
from tests.unit.worker.support.case_script import CaseScript
from tests.unit.worker.support.cases import a_policy, a_report, an_alert

ROUNDS = 20
MOST_PER_ROUND = 4_500
"""Bytes of history that a round adds, whatever was found and said."""
MOST_OF_AN_EVENT = 1_500
WORDS = "x" * 4_000


def verbose(order: SpecialistOrder) -> SpecialistReport:
    findings = tuple(Finding(statement=WORDS, evidence_ids=("e-1",)) for _ in range(100))
    return a_report(order.specialist, 0.7, round=order.round, findings=findings)


@pytest.mark.slow
def test_twenty_rounds_of_feedback_stay_small() -> None:
    script = CaseScript(specialist=verbose, policy=a_policy(max_review_attempts=ROUNDS + 1))
    with running_lab() as (lab, address):
        case = lab.start(script, alert=an_alert("twenty-rounds"))
        for number in range(1, ROUNDS + 1):
            case.reject(script.opening(number), feedback=WORDS)
        case.decide(script.opening(ROUNDS + 1), "clear")
        assert case.outcome() == "cleared"
        history = history_at(address, case.order.case_id)

    sizes = [event.ByteSize() for event in history]
    assert len(script.assessed[-1].memory) > 0
    assert max(sizes) < MOST_OF_AN_EVENT
    assert sum(sizes) < MOST_PER_ROUND * (ROUNDS + 1)
