"""Runs a specialist, and records its report."""

import logging

from durabletask import task

from contracts.ids import run_id
from contracts.investigation import InvestigationPolicy, ReportFiling, SpecialistOrder
from contracts.report import SpecialistReport
from worker.activities.recorded import Briefs
from worker.agents.journal import RunJournal
from worker.agents.specialists import SpecialistAgents
from worker.domain.failures import unavailable_report
from worker.domain.recorded import NOT_ON_RECORD, specialist_task
from worker.ports.record import CaseRecord

log = logging.getLogger(__name__)


class SpecialistActivities:
    """Runs specialists."""

    def __init__(self, record: CaseRecord, agents: SpecialistAgents, policy: InvestigationPolicy | None = None) -> None:
        self._record = record
        self._briefs = Briefs(record, policy)
        self._agents = agents

    def run_specialist(self, _: task.ActivityContext, order: SpecialistOrder) -> SpecialistReport:
        """Investigate and keep report and evidence; a report that was kept already is returned as it is."""
        checkpoint = self._record.start_specialist(order.case_id, order.round, order.specialist)
        if checkpoint.outcome is not None:
            return checkpoint.outcome
        brief = self._briefs.of(order.case_id, order.round, checkpoint.brief)
        journal = RunJournal(self._record, order.case_id, run_id(order.round, order.specialist), checkpoint.journal)
        with journal.kept_when_broken():
            report, evidence = self._agents.investigate(specialist_task(order, brief), journal)
            saved = self._record.save_report(order.case_id, report, evidence, journal.answers)
        _log(saved)
        return saved

    def record_report(self, _: task.ActivityContext, filing: ReportFiling) -> SpecialistReport:
        """Keep the report of a specialist whose every attempt failed, unless it had saved one after all."""
        # Only that nobody could be heard: what a specialist found is kept by who ran it.
        filed = filing.report
        self._briefs.of(filing.case_id, filed.round)
        silent = unavailable_report(filed.specialist, filed.round, filed.reason or NOT_ON_RECORD)
        saved = self._record.save_report(filing.case_id, silent, ())
        _log(saved)
        return saved


def _log(report: SpecialistReport) -> None:
    log.info(
        "The %s specialist is done: %s, score %s, %d tokens, %d ms.",
        report.specialist,
        report.status,
        report.risk_score,
        report.tokens,
        report.duration_ms,
    )
