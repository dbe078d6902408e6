"""The door that people use: who works on what, what they look for, what they add."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from casebook.commands import attachments, claims, notes, saved_views
from casebook.commands.attachments import AttachedFile, Upload
from casebook.database.transactions import Transactions
from casebook.queries import case_list, case_summary
from casebook.queries.cursors import CasePage, NotePage
from casebook.queries.filters import CaseQuery, QueueCounts, SavedView
from contracts.case import CaseState, CaseSummary
from contracts.claim import Claim
from contracts.note import Attachment, Note

CLAIM_MINUTES = 30.0
ATTACHMENT_MAX_BYTES = 5 * 1024 * 1024
NOTES_PER_CASE = 1_000


class Desk:
    """Claims, lists, notes, attachments and saved views: one transaction per method, from any thread.

    `subject` is the stable id of the person who acts. Every method raises CaseNotFound for an unknown case,
    UnstorableText for text with a NUL, and CasebookUnavailable when the database fails.
    """

    def __init__(
        self,
        transactions: Transactions,
        *,
        claim_lease: timedelta = timedelta(minutes=CLAIM_MINUTES),
        attachment_max_bytes: int = ATTACHMENT_MAX_BYTES,
        notes_per_case: int = NOTES_PER_CASE,
    ) -> None:
        self._write = transactions.write
        self._read = transactions.read
        self._clock = transactions.now
        self._lease = claim_lease
        self.attachment_max_bytes = attachment_max_bytes
        self.notes_per_case = notes_per_case

    # Claims

    def claim(self, case_id: str, subject: str) -> Claim:
        """Claim a case, or prolong one's own claim. Raises CaseClosed, ClaimedByOther."""
        with self._write() as session:
            return claims.claim(session, case_id, subject, self._clock(), self._lease)

    def assign(self, case_id: str, assignee: str, manager: str) -> Claim:
        """Claim a case for another person, whoever works on it. Raises CaseClosed."""
        with self._write() as session:
            return claims.assign(session, case_id, assignee, manager, self._clock(), self._lease)

    def take_over(self, case_id: str, subject: str, reason: str) -> Claim:
        """Make another person's claim one's own. Raises CaseClosed, NotClaimed."""
        with self._write() as session:
            return claims.take_over(session, case_id, subject, reason, self._clock(), self._lease)

    def release(self, case_id: str, subject: str, *, anybodys: bool = False, reason: str | None = None) -> None:
        """End one's own claim, or with `anybodys` whosever it is. Raises NotClaimed, ClaimedByOther."""
        with self._write() as session:
            claims.release(session, case_id, subject, self._clock(), anybodys=anybodys, reason=reason)

    def next_case(self, subject: str, *, as_manager: bool = False, keep: Collection[str] = ()) -> CaseSummary | None:
        """Claim the most urgent case that waits for a person and that nobody works on; None when there is none.

        However many ask at once, each case is handed to one of them. Escalated cases only to a manager. What the
        person was handed before and did nothing with goes back to the others, except the cases of `keep`.
        """
        states: tuple[CaseState, ...] = ("awaiting_review", "escalated") if as_manager else ("awaiting_review",)
        with self._write() as session:
            now = self._clock()
            case = claims.claim_next(session, subject, states, now, self._lease, keep)
            if case is None:
                return None
            session.flush()
            (summary,) = case_summary.summarise(session, [case], now)
            return summary

    # Lists

    def list_cases(self, query: CaseQuery, subject: str, *, limit: int = 50, cursor: str | None = None) -> CasePage:
        """One page of at most 500 cases. Raises MalformedCursor, also for the cursor of another query."""
        with self._read() as session:
            return case_list.list_cases(session, query, subject, self._clock(), limit, cursor)

    def summaries(self, cases: Sequence[str]) -> dict[str, CaseSummary]:
        """The rows of those of `cases` that exist, by case id."""
        with self._read() as session:
            return case_list.find_cases(session, cases, self._clock())

    def counts(self, subject: str) -> QueueCounts:
        """How many cases there are in each state, and of those that wait for a person."""
        with self._read() as session:
            return case_list.counts(session, subject, self._clock())

    def save_view(self, subject: str, name: str, query: CaseQuery) -> SavedView:
        """Keep a query under a name; what was kept under it before is replaced. Raises TooManySavedViews."""
        with self._write() as session:
            return saved_views.save_view(session, subject, name, query, self._clock())

    def list_views(self, subject: str) -> tuple[SavedView, ...]:
        """The views of one person, by name."""
        with self._read() as session:
            return saved_views.list_views(session, subject)

    def delete_view(self, subject: str, name: str) -> None:
        """Forget a view. Raises SavedViewNotFound."""
        with self._write() as session:
            saved_views.delete_view(session, subject, name)

    # Notes and files

    def add_note(self, case_id: str, author: str, text: str) -> Note:
        """Keep a note, and let the case be found by its words. Raises TooManyNotes."""
        with self._write() as session:
            return notes.add_note(session, case_id, author, text, self.notes_per_case, self._clock())

    def list_notes(self, case_id: str, *, limit: int = 50, cursor: str | None = None) -> NotePage:
        """The newest notes of a case, at most 500, or those before another page. Raises MalformedCursor."""
        with self._read() as session:
            return notes.list_notes(session, case_id, limit, cursor)

    def add_attachment(self, case_id: str, added_by: str, upload: Upload) -> Attachment:
        """Keep a file. Raises AttachmentTooLarge, TooManyAttachments."""
        with self._write() as session:
            return attachments.add_attachment(
                session, case_id, added_by, upload, self.attachment_max_bytes, self._clock()
            )

    def list_attachments(self, case_id: str) -> tuple[Attachment, ...]:
        """All attachments of a case, oldest first, without their contents."""
        with self._read() as session:
            return attachments.list_attachments(session, case_id)

    def read_attachment(self, case_id: str, attachment_id: str) -> AttachedFile:
        """An attachment with its content. Raises AttachmentNotFound."""
        with self._read() as session:
            return attachments.read_file(session, case_id, attachment_id)
