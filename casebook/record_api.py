"""The facade of the record: lists, one case, all cases. It writes nothing."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from casebook.audit import export, verify
from casebook.audit.case_record import read_record
from casebook.audit.export import CaseSnapshot
from casebook.audit.regulatory_report import build_report
from casebook.audit.verify import NO_LINES, AuditReport, CaseAudit, LineRecord
from casebook.case_log import append
from casebook.facade import Facade
from casebook.queries import case_counts, case_export, case_list, case_summary, case_view, model_spend
from casebook.queries.alerts import list_alerts
from casebook.queries.attachments import AttachedFile, list_attachments, read_file
from casebook.queries.case_export import ExportPage, ExportPosition
from casebook.queries.cursors import AlertPage, CasePage, EventPage, NotePage
from casebook.queries.filters import CaseQuery, QueueCounts
from casebook.queries.notes import list_notes
from casebook.queries.refused_transitions import refusals, refusals_by_reason
from contracts.case import CaseEvent, CaseState, CaseSummary, CaseView, RefusedTransition
from contracts.fraud_case import FraudCaseView
from contracts.names import CaseEventType
from contracts.note import Attachment
from contracts.regulatory_report import RegulatoryReport
from contracts.report import Evidence
from contracts.spend import SpendReport

NEWEST = CaseQuery()


class RecordApi(Facade):
    """Cases as people and programs read them: one snapshot per method, from any thread.

    `subject` is the stable id of the person who asks. Every method raises CaseNotFound for an unknown case,
    UnstorableText for text with a NUL, and CasebookUnavailable when the database fails.
    """

    # Lists

    def list_cases(
        self,
        query: CaseQuery = NEWEST,
        subject: str = "",
        *,
        limit: int = 50,
        cursor: str | None = None,
        whole_words: bool = False,
    ) -> CasePage:
        """One page of at most 500 cases. Raises MalformedCursor, also for the cursor of another query.

        `whole_words`: nothing is found by the beginning of a word, nor by a short number.
        """
        with self._read() as connection:
            now = self._clock()
            return case_list.list_cases(connection, query, subject, now, limit, cursor, whole_words=whole_words)

    def begin_export(self, after: str | None = None) -> ExportPosition:
        """Where an export of many cases begins: at the first, or after a case that an earlier one ended with."""
        with self._read() as connection:
            return case_export.begin_export(connection, after, self._clock())

    def export_page(self, query: CaseQuery, subject: str, position: ExportPosition, *, limit: int = 500) -> ExportPage:
        """The next cases of an export, at most 500, in the order in which they were opened; each comes once."""
        with self._read() as connection:
            return case_export.read_export(connection, query, subject, position, self._clock(), limit)

    def summaries(self, cases: Sequence[str]) -> dict[str, CaseSummary]:
        """The rows of those of `cases` that exist, by case id."""
        with self._read() as connection:
            return case_list.find_cases(connection, cases, self._clock())

    def counts(self, subject: str) -> QueueCounts:
        """How many cases there are in each state, and of those that wait for a person."""
        with self._read() as connection:
            return case_counts.count_queue(connection, subject, self._clock())

    def list_alerts(self, *, limit: int = 50, cursor: str | None = None) -> AlertPage:
        """One page of at most 500 alerts, newest first. Raises MalformedCursor."""
        with self._read() as connection:
            return list_alerts(connection, limit, cursor)

    # One case

    def get_case(self, case_id: str) -> CaseView:
        """Everything that the page of a case shows, of whatever kind, as of one instant."""
        with self._read() as connection:
            return case_view.read_case(connection, case_id, self._clock())

    def get_fraud_case(self, case_id: str) -> FraudCaseView:
        """The same of a case of fraud. Raises OtherKind."""
        with self._read() as connection:
            return case_view.read_fraud_case(connection, case_id, self._clock())

    def summary(self, case_id: str) -> CaseSummary:
        """One row of the case list."""
        with self._read() as connection:
            return case_summary.read_summary(connection, case_id, self._clock())

    def evidence(self, case_id: str, evidence_id: str) -> Evidence:
        """One recorded tool call, word for word. Raises EvidenceNotFound."""
        with self._read() as connection:
            return case_view.read_evidence(connection, case_id, evidence_id)

    def list_events(
        self, case_id: str, *, types: Sequence[CaseEventType] = (), limit: int = 50, cursor: str | None = None
    ) -> EventPage:
        """The newest events of a case, at most 500, or those before another page; `types`: only those.

        Raises MalformedCursor.
        """
        with self._read() as connection:
            return case_view.list_events(connection, case_id, types, limit, cursor)

    def refusals(self, case_id: str | None = None) -> tuple[RefusedTransition, ...]:
        """The refused transitions of one case, or the latest 500 of all; the latest first."""
        with self._read() as connection:
            return refusals(connection, case_id)

    def snapshot(self, case_id: str) -> CaseSnapshot:
        """All that an export of a case holds, as of one instant. What can be long is read where it is written."""
        with self._read() as connection:
            return export.take_snapshot(connection, case_id, self._clock(), self._read)

    def regulatory_report(self, case_id: str, prepared_by: str) -> RegulatoryReport:
        """The form for authorities, from the record of the case as of one instant."""
        with self._read() as connection:
            now = self._clock()
            record = read_record(connection, case_id, now)
        return build_report(record, prepared_by, now)

    def audit_case(self, case_id: str, *, limit: int = 50, cursor: str | None = None) -> CaseAudit:
        """Verify one case: its whole log, and the first invalid event or row of its record, if any.

        Of its events it returns a page: the newest, at most 500, or those before another page. Raises MalformedCursor.
        """
        with self._read() as connection:
            return verify.audit_case(connection, case_id, limit, cursor)

    def list_notes(self, case_id: str, *, limit: int = 50, cursor: str | None = None) -> NotePage:
        """The newest notes of a case, at most 500, or those before another page. Raises MalformedCursor."""
        with self._read() as connection:
            return list_notes(connection, case_id, limit, cursor)

    def list_attachments(self, case_id: str) -> tuple[Attachment, ...]:
        """All attachments of a case, oldest first, without their contents."""
        with self._read() as connection:
            return list_attachments(connection, case_id)

    def read_attachment(self, case_id: str, attachment_id: str) -> AttachedFile:
        """An attachment with its content. Raises AttachmentNotFound."""
        with self._read() as connection:
            return read_file(connection, case_id, attachment_id)

    # All cases

    def count_states(self) -> dict[CaseState, int]:
        """How many cases are in each state."""
        with self._read() as connection:
            return case_counts.count_states(connection)

    def spend_report(self, first: date, last: date) -> SpendReport:
        """What models cost by day and by rule, from one UTC day to another, both included."""
        with self._read() as connection:
            return model_spend.spend_report(connection, first, last)

    def refusals_by_reason(self) -> dict[str, int]:
        """How many attempts were refused, in all cases together, by the id of the error."""
        with self._read() as connection:
            return refusals_by_reason(connection)

    def last_seq(self) -> int:
        """The newest event's `seq`; 0 when nothing has happened yet. Costs one row."""
        with self._read() as connection:
            return append.last_seq(connection)

    def events_after(self, seq: int, limit: int = 500) -> list[CaseEvent]:
        """Events of all cases after `seq`, in order, at most 5,000. None with a smaller `seq` will appear later."""
        with self._read() as connection:
            return case_view.events_after(connection, seq, limit)

    def case_events(self, case_id: str) -> list[CaseEvent]:
        """The whole log of one case, in order."""
        with self._read() as connection:
            return case_view.case_events(connection, case_id)

    def audit(
        self,
        anchored: Iterable[int] = (),
        anchored_lines: Mapping[LineRecord, Iterable[int]] = NO_LINES,
    ) -> AuditReport:
        """Verify every event, and every line of the records of no case, against the one before it, and every row
        against them.

        `anchored`: also digest the log up to each of these events; `anchored_lines`: likewise the access record, the
        desk log and the security log up to these lines.
        """
        with self._read() as connection:
            return verify.verify_case_log(connection, anchored, anchored_lines, self._clock())
