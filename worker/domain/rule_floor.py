"""The rule floor over the recorded answers of the tools. It fails closed."""

import logging
from collections.abc import Iterable, Sequence

from contracts.alert import Alert
from contracts.report import Evidence
from screening.rule_floor import objections
from screening.tool_answers import Answers, ToolAnswer

log = logging.getLogger(__name__)

NOT_APPLIED = "The rules were not applied to the records."


def not_applied() -> tuple[str, ...]:
    """Why a case is not benign when the rules were not applied to its records."""
    return (NOT_APPLIED,)


def rules_against(alerts: Sequence[Alert], evidence: Iterable[Evidence], threshold: float) -> tuple[str, ...]:
    """Why an alert is not benign by the recorded answers of one round, one sentence each; empty when all are."""
    try:
        return objections(alerts, Answers(tuple(map(_answer, evidence))), threshold)
    except Exception as fault:
        # Strangers may have written what makes a rule fail: it must neither clear the case nor end the investigation.
        log.exception("The rules failed on the records.", extra={"alert_id": alerts[0].alert_id})
        return (f"The rules cannot judge the case: they failed unexpectedly ({type(fault).__name__}).",)


def _answer(call: Evidence) -> ToolAnswer:
    return ToolAnswer(
        tool=call.tool,
        evidence_id=call.evidence_id,
        data=call.result if call.ok else None,
        error=None if call.ok else "It failed",
        arguments=call.arguments,
    )
