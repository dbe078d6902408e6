"""The aggregator: assesses a round from the specialists' reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from contracts.investigation import AssessmentTask
from contracts.report import Evidence
from worker.agents.conversation import aggregator_case
from worker.agents.journal import RunJournal
from worker.agents.loop import AgentLoop, Assignment
from worker.agents.prompts import Prompts
from worker.agents.response_schemas import RiskVerdict, reasoning_of
from worker.agents.usage import Usage
from worker.domain.reasoning import opinion_in
from worker.domain.routing import Judgement

NOTHING_TO_JUDGE = "No specialist could report, so there is nothing to judge."


@dataclass(frozen=True)
class AggregatorAnswer:
    """The judgement and what it cost."""

    judgement: Judgement
    usage: Usage
    prompt_version: str | None = None
    """None when no model was asked."""


class AggregatorAgent:
    """Weighs the reports of one round."""

    def __init__(self, loop: AgentLoop, prompts: Prompts) -> None:
        self._loop = loop
        self._prompts = prompts

    def judge(self, order: AssessmentTask, journal: RunJournal) -> AggregatorAnswer:
        """A judgement; one without a score when none was to be had. What `journal` holds is to be kept with it."""
        if not any(report.status == "ok" for report in order.reports):
            return AggregatorAnswer(Judgement(None, None, NOTHING_TO_JUDGE), Usage())
        result = self._loop.run(
            Assignment(
                case_id=order.case_id,
                round=order.round,
                agent="aggregator",
                customer_id=order.alert.customer_id,
                system=self._prompts.of("aggregator", order.policy, several=bool(order.joined)),
                user=aggregator_case(order),
                answer_name="risk_verdict",
                answer=RiskVerdict,
                objection=partial(objection_to, order),
            ),
            journal,
        )
        verdict, version = result.answer, self._prompts.version("aggregator", several=bool(order.joined))
        if verdict is None:
            return AggregatorAnswer(Judgement(None, None, result.failure or ""), result.usage, version)
        judgement = Judgement(verdict.overall_risk_score, verdict.recommended_action, reasoning_of(verdict))
        return AggregatorAnswer(judgement, result.usage, version)


def objection_to(order: AssessmentTask, verdict: RiskVerdict, _: Sequence[Evidence]) -> str | None:
    """What the model must correct in its judgement: reasoning that states figures that it was not shown."""
    opinion = opinion_in(order, verdict.overall_risk_score, reasoning_of(verdict))
    return None if opinion is None else f"reasoning is an opinion: {opinion.rstrip('.')}"
