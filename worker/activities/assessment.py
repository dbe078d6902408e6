"""Assesses a round: the aggregator's judgement within the guard rails."""

import logging
from collections.abc import Sequence
from functools import partial

from durabletask import task

from contracts.assessment import RiskAssessment
from contracts.brief import CaseBrief
from contracts.charges import CHARGES_TOOL, KnownCharge, known_charges
from contracts.ids import run_id
from contracts.investigation import AssessmentOrder, AssessmentTask, InvestigationPolicy
from contracts.journal import JournalEntry
from contracts.report import answered_calls
from screening.coverage import REQUIRED
from worker.activities.recorded import Briefs
from worker.agents.aggregator import AggregatorAgent
from worker.agents.journal import RunJournal
from worker.domain.assessments import NO_JUDGEMENT, assess
from worker.domain.facts import refund_total
from worker.domain.recorded import assessment_task, recorded_reports
from worker.domain.rule_floor import rules_against
from worker.ports.record import CaseRecord

log = logging.getLogger(__name__)


class AssessmentActivities:
    """Assessments, kept in the case record: the first of a round counts."""

    def __init__(
        self, record: CaseRecord, aggregator: AggregatorAgent, policy: InvestigationPolicy | None = None
    ) -> None:
        self._record = record
        self._briefs = Briefs(record, policy)
        self._aggregator = aggregator

    def assess_risk(self, _: task.ActivityContext, order: AssessmentOrder) -> RiskAssessment:
        """Assess the round. An assessment that is already on record is returned unchanged."""
        checkpoint = self._record.start_assessment(order.case_id, order.round)
        if checkpoint.outcome is not None:
            return checkpoint.outcome
        whole = self._as_recorded(order, checkpoint.brief)
        journal = RunJournal(self._record, order.case_id, run_id(order.round, "aggregator"), checkpoint.journal)
        with journal.kept_when_broken():
            answer = self._aggregator.judge(whole, journal)
            cost = {
                "model": answer.usage.model,
                "model_host": answer.usage.model_host,
                "tokens": answer.usage.tokens,
                "duration_ms": answer.usage.duration_ms,
                "spend": answer.usage.spend,
                "prompt_version": answer.prompt_version,
            }
            rules = partial(self._rules_against, whole)
            assessment = assess(whole, answer.judgement, rules).model_copy(update=cost)
            return self._save(whole, assessment, journal.answers)

    def assess_without_model(self, _: task.ActivityContext, order: AssessmentOrder) -> RiskAssessment:
        """Apply the guard rails alone: without a judgement the case goes to a person."""
        checkpoint = self._record.start_assessment(order.case_id, order.round)
        if checkpoint.outcome is not None:
            return checkpoint.outcome
        whole = self._as_recorded(order, checkpoint.brief)
        return self._save(whole, assess(whole, NO_JUDGEMENT))

    def _as_recorded(self, order: AssessmentOrder, brief: CaseBrief | None) -> AssessmentTask:
        """The order with what is on record of its case. Who left no report is noted as not heard."""
        brief = self._briefs.of(order.case_id, order.round, brief)
        reports = tuple(
            brief.reports.get(report.specialist) or self._record.save_report(order.case_id, report, ())
            for report in recorded_reports(order, brief)
        )
        return assessment_task(order, brief, reports)

    def _rules_against(self, order: AssessmentTask) -> tuple[str, ...]:
        """Why the case is not benign by the tools' answers of this round, whatever the agents concluded."""
        calls = [call.tool_call_id for report in order.reports for call in report.tool_calls if call.tool in REQUIRED]
        evidence = self._record.evidence_of(order.case_id, calls)
        return rules_against(order.alerts, evidence, order.policy.auto_clear_threshold)

    def _save(
        self, order: AssessmentTask, assessment: RiskAssessment, journal: Sequence[JournalEntry] = ()
    ) -> RiskAssessment:
        # Without charges there is nothing to add up, and nothing to read for it.
        charges = self._seen_charges(order) if assessment.refund_charge_ids else {}
        complete = assessment.model_copy(update={"refund_total": refund_total(assessment.refund_charge_ids, charges)})
        saved = self._record.save_assessment(order.case_id, complete, journal)
        log.info(
            "Assessed round %d: score %s, %s, %s.",
            saved.round,
            saved.overall_risk_score,
            saved.recommended_action,
            saved.route,
        )
        return saved

    def _seen_charges(self, order: AssessmentTask) -> dict[str, KnownCharge]:
        """The charges as the tool answered them, word for word: no amount comes from a model."""
        calls = answered_calls(order.reports, (CHARGES_TOOL,))
        return known_charges(self._record.evidence_of(order.case_id, calls))
