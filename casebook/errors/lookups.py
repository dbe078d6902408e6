"""Records that do not exist, and values that cannot be stored."""

from datetime import datetime

from sqlalchemy.exc import DontWrapMixin

from casebook.errors.base import CasebookError


class CaseNotFound(CasebookError):
    """No case has this id."""

    id = "case-not-found"
    status = 404

    def __init__(self, case_id: str, sentence: str | None = None) -> None:
        super().__init__(sentence or f"There is no case '{case_id}'.")
        self.case_id = case_id


class CasePurged(CaseNotFound):
    """The case was there, and was purged when it had been kept for long enough."""

    id = "case-purged"
    status = 410

    def __init__(self, case_id: str, purged_at: datetime, kept_days: int) -> None:
        super().__init__(
            case_id,
            f"Case '{case_id}' was purged on {purged_at:%Y-%m-%d}: "
            f"it was kept for {kept_days} days after the last thing that happened in it.",
        )


class EvidenceNotFound(CasebookError):
    """The case holds no evidence with this id."""

    id = "evidence-not-found"
    status = 404

    def __init__(self, case_id: str, evidence_id: str) -> None:
        super().__init__(f"Case '{case_id}' holds no evidence '{evidence_id}'.")


class AlertNotFound(CasebookError):
    """The case has no alert with this id, and never had."""

    id = "alert-not-found"
    status = 404

    def __init__(self, case_id: str, alert_id: str) -> None:
        super().__init__(f"Case '{case_id}' has no alert '{alert_id}'.")


class EffectNotFound(CasebookError):
    """The case has no effect under this key."""

    id = "effect-not-found"
    status = 404

    def __init__(self, case_id: str, key: str) -> None:
        super().__init__(f"Case '{case_id}' has no effect '{key}'.")


class ReversalNotFound(CasebookError):
    """Nobody asked for this."""

    id = "reversal-not-found"
    status = 404

    def __init__(self, reversal: str) -> None:
        super().__init__(f"There is no reversal '{reversal}'.")


class AttachmentNotFound(CasebookError):
    """The case has no attachment with this id."""

    id = "attachment-not-found"
    status = 404

    def __init__(self, case_id: str, attachment_id: str) -> None:
        super().__init__(f"Case '{case_id}' has no attachment '{attachment_id}'.")


class SavedViewNotFound(CasebookError):
    """The person keeps no view under this name."""

    id = "saved-view-not-found"
    status = 404

    def __init__(self, name: str) -> None:
        super().__init__(f"You keep no view named '{name}'.")


class SharedViewNotFound(CasebookError):
    """The person shares no view under this name."""

    id = "shared-view-not-found"
    status = 404

    def __init__(self, owner: str, name: str) -> None:
        super().__init__(f"{owner} shares no view named '{name}'.")


class MalformedCursor(CasebookError):
    """A page was asked for with a cursor that this casebook did not give out."""

    id = "malformed-cursor"
    status = 422

    def __init__(self) -> None:
        super().__init__(
            "This cursor was not given out by this list: start without one, then pass each page's next_cursor."
        )


class ReviewMismatch(CasebookError):
    """A review does not belong to the case, round or assessment that it was opened with."""

    id = "review-mismatch"
    status = 422

    def __init__(self, review_id: str, what: str) -> None:
        super().__init__(f"Review '{review_id}' cannot be opened: its {what} differs from that of the assessment.")


class UnstorableText(CasebookError, DontWrapMixin):
    """A text holds the character NUL, which PostgreSQL cannot keep."""

    id = "unstorable-text"
    status = 422

    def __init__(self) -> None:
        super().__init__("A text contains the character NUL (U+0000), which cannot be stored: leave it out.")


class AttachmentTooLarge(CasebookError):
    """The file is larger than attachments may be."""

    id = "attachment-too-large"
    status = 413

    def __init__(self, most: int) -> None:
        super().__init__(f"The file is larger than {most:,} bytes, the most that one attachment may have.")


class AttachmentNotAsDeclared(CasebookError):
    """The content of a file is not of the type that it was sent as."""

    id = "attachment-not-as-declared"
    status = 422

    def __init__(self, media_type: str, *, is_text: bool) -> None:
        mend = "save it as UTF-8" if is_text else "check the file"
        super().__init__(
            f"The file is no {media_type[:100]}, as which it was sent: {mend}, or send it as another type."
        )


class TooManyAttachments(CasebookError):
    """The case has as many attachments as it may have."""

    id = "too-many-attachments"
    status = 409

    def __init__(self, most: int) -> None:
        super().__init__(f"This case has {most} attachments, the most that one case may have.")


class TooManyReversals(CasebookError):
    """A case holds as many requests for reversals as it may."""

    id = "too-many-reversals"
    status = 409

    def __init__(self, limit: int) -> None:
        super().__init__(f"A case takes at most {limit} requests for reversals.")


class TooManyNotes(CasebookError):
    """The case has as many notes as it may have."""

    id = "too-many-notes"
    status = 409

    def __init__(self, most: int) -> None:
        super().__init__(f"This case takes no more notes: one case may have at most {most:,}.")


class TooManySavedViews(CasebookError):
    """The person keeps as many views as one may."""

    id = "too-many-saved-views"
    status = 409

    def __init__(self, most: int) -> None:
        super().__init__(f"You keep {most} views, the most that one person may: delete one first.")


class TooManySharedViews(CasebookError):
    """As many views are shared as may be."""

    id = "too-many-shared-views"
    status = 409

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} views are shared, the most that can be: stop sharing one first.")
