"""Everything that can go wrong with the case record.

CasebookError
├── CaseNotFound            404
├── EvidenceNotFound        404
├── ReviewNotFound          404
├── AttachmentNotFound      404
├── SavedViewNotFound       404
├── MalformedCursor         422
├── ReviewMismatch          422
├── UnstorableText          422
├── AttachmentTooLarge      413
├── TooManyAttachments      409
├── TooManySavedViews       409
├── ClaimedByOther          409
├── NotClaimed              409
├── EffectNotFound          404
├── ReversalNotFound        404
├── NotAllowed              403
├── SameRequester           403
├── NothingToReverse        409
├── ReversalStands          409
├── ReversalDecided         409
├── NotReversible           409
├── SameApprover            403
├── NotTheProposer          403
├── OtherActionProposed     409
├── NoProposal              409
├── CaseClosed              409
├── IllegalMove             409
├── NotApproved             409
├── NoOpenReview            409
├── ReviewSuperseded        409
├── AssessmentChanged       409
├── AlreadyDecided          409
└── CasebookUnavailable     503
    ├── CasebookUrlInvalid
    ├── CasebookRefused
    ├── CasebookMissing
    ├── CasebookUnwritable
    ├── CasebookForeign
    ├── CasebookCorrupt
    └── CasebookNewer
"""

from datetime import datetime
from typing import ClassVar

from sqlalchemy.exc import DontWrapMixin

from contracts.assessment import RecommendedAction
from contracts.review import Role


class CasebookError(Exception):
    """Base of all casebook errors: an `id`, the HTTP `status` that fits, and one exact sentence."""

    id: ClassVar[str] = "casebook-error"
    status: ClassVar[int] = 500

    @property
    def sentence(self) -> str:
        """What is wrong and, where it can be mended, how."""
        return str(self)


class CaseNotFound(CasebookError):
    """No case has this id."""

    id = "case-not-found"
    status = 404

    def __init__(self, case_id: str) -> None:
        super().__init__(f"There is no case '{case_id}'.")


class EvidenceNotFound(CasebookError):
    """The case holds no evidence with this id."""

    id = "evidence-not-found"
    status = 404

    def __init__(self, case_id: str, evidence_id: str) -> None:
        super().__init__(f"Case '{case_id}' holds no evidence '{evidence_id}'.")


class ReviewNotFound(CasebookError):
    """No review (or no decision on it) has this id."""

    id = "review-not-found"
    status = 404

    def __init__(self, review_id: str) -> None:
        super().__init__(f"There is no review '{review_id}'.")


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


class TooManyAttachments(CasebookError):
    """The case has as many attachments as it may have."""

    id = "too-many-attachments"
    status = 409

    def __init__(self, most: int) -> None:
        super().__init__(f"This case has {most} attachments, the most that one case may have.")


class TooManySavedViews(CasebookError):
    """The person keeps as many views as one may."""

    id = "too-many-saved-views"
    status = 409

    def __init__(self, most: int) -> None:
        super().__init__(f"You keep {most} views, the most that one person may: delete one first.")


class ClaimedByOther(CasebookError):
    """Another person works on the case."""

    id = "claimed-by-other"
    status = 409

    def __init__(self, claimed_by: str, claimed_at: datetime) -> None:
        super().__init__(
            f"{claimed_by} claimed this case at {claimed_at:%H:%M} UTC: "
            f"ask {claimed_by} to release it, or let a manager take it over."
        )


class NotClaimed(CasebookError):
    """Nobody works on the case, so there is no claim to end or to take over."""

    id = "not-claimed"
    status = 409

    def __init__(self) -> None:
        super().__init__("Nobody has claimed this case: there is nothing to release or to take over.")


class NotAllowed(CasebookError):
    """The person lacks the role that this needs."""

    id = "not-allowed"
    status = 403

    def __init__(self, required: Role) -> None:
        super().__init__(f"This needs the role '{required}', which you do not have.")


class SameApprover(CasebookError):
    """The person who gave the first approval tries to give the second one as well."""

    id = "same-approver"
    status = 403

    def __init__(self, action: RecommendedAction) -> None:
        super().__init__(
            f"You gave the first approval of '{action}' yourself: another person must give the second, "
            "or you withdraw yours."
        )


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


class SameRequester(CasebookError):
    """The person who asked for a reversal tries to approve it as well."""

    id = "same-requester"
    status = 403

    def __init__(self) -> None:
        super().__init__("You asked for this yourself: another person must approve it.")


class NothingToReverse(CasebookError):
    """An effect that did not happen cannot be taken back."""

    id = "nothing-to-reverse"
    status = 409

    def __init__(self, action: str, status: str) -> None:
        super().__init__(f"'{action}' is '{status}' in this case: only what was done can be taken back.")


class ReversalStands(CasebookError):
    """The effect has been taken back, or somebody asked for it."""

    id = "reversal-stands"
    status = 409

    def __init__(self, requested_by: str, status: str) -> None:
        what = "This was taken back already" if status == "done" else "Taking this back has been asked for already"
        super().__init__(f"{what}, by {requested_by}. Reload to see it.")


class ReversalDecided(CasebookError):
    """Somebody has decided on this request."""

    id = "reversal-decided"
    status = 409

    def __init__(self, decided_by: str, status: str) -> None:
        super().__init__(f"This request was already decided by {decided_by}; it is '{status}'. Reload to see it.")


class NotReversible(CasebookError):
    """A reversal was to be carried out that nobody approved."""

    id = "not-reversible"
    status = 409

    def __init__(self, reversal: str, action: str) -> None:
        super().__init__(f"Nobody approved '{action}' in the reversal '{reversal}'.")


class NotTheProposer(CasebookError):
    """Somebody tries to withdraw another person's approval."""

    id = "not-the-proposer"
    status = 403

    def __init__(self, proposed_by: str) -> None:
        super().__init__(
            f"Only {proposed_by}, who gave it, can withdraw this approval: reject with feedback if you disagree."
        )


class OtherActionProposed(CasebookError):
    """An approval of something else than what the first approval proposes."""

    id = "other-action-proposed"
    status = 409

    def __init__(self, proposed_by: str, action: RecommendedAction) -> None:
        super().__init__(
            f"{proposed_by} proposed '{action}', which waits for a second approval: approve that, "
            f"reject with feedback, or ask {proposed_by} to withdraw it."
        )


class NoProposal(CasebookError):
    """No approval waits for a second one."""

    id = "no-proposal"
    status = 409

    def __init__(self) -> None:
        super().__init__("No approval of this case waits for a second one: there is nothing to withdraw.")


class CaseClosed(CasebookError):
    """The case is closed: nothing about it changes any more."""

    id = "case-closed"
    status = 409

    def __init__(self, outcome: str | None) -> None:
        super().__init__(f"This case is closed with the outcome '{outcome}': nothing about it can be changed.")


class IllegalMove(CasebookError):
    """The lifecycle has no such move."""

    id = "illegal-move"
    status = 409

    def __init__(self, case_id: str, source: str, target: str) -> None:
        super().__init__(f"Case '{case_id}' cannot go from '{source}' to '{target}'.")


class NotApproved(CasebookError):
    """An action was to be carried out that no accepted decision approves."""

    id = "not-approved"
    status = 409

    def __init__(self, case_id: str, action: str) -> None:
        super().__init__(f"No accepted decision on case '{case_id}' approves '{action}'.")


class NoOpenReview(CasebookError):
    """Nobody is being asked about this case right now."""

    id = "no-open-review"
    status = 409

    def __init__(self) -> None:
        super().__init__("This case has no open review: there is nothing to decide right now.")


class ReviewSuperseded(CasebookError):
    """The decision answers an earlier round than the current one."""

    id = "review-superseded"
    status = 409

    def __init__(self, current_round: int) -> None:
        super().__init__(
            f"This case moved to round {current_round} while you were reading: "
            "the assessment changed. Reload to see it."
        )


class AssessmentChanged(CasebookError):
    """The decision carries the hash of another assessment than the one under review."""

    id = "assessment-changed"
    status = 409

    def __init__(self) -> None:
        super().__init__("The assessment is not the one that you decided on. Reload to see it.")


class AlreadyDecided(CasebookError):
    """Somebody has answered this review."""

    id = "already-decided"
    status = 409

    def __init__(self, decided_by: str) -> None:
        super().__init__(f"This review was already decided by {decided_by}. Reload to see the decision.")


class CasebookUnavailable(CasebookError):
    """The database cannot be used right now."""

    id = "casebook-unavailable"
    status = 503


class CasebookUrlInvalid(CasebookUnavailable):
    """`CASEBOOK_URL` names no database that can be used."""

    id = "casebook-url-invalid"


class CasebookRefused(CasebookUnavailable):
    """The server does not let the casebook in."""

    id = "casebook-refused"

    def __init__(self, place: str, user: str) -> None:
        super().__init__(
            f"The casebook '{place}' refuses the user '{user}': check the user and the password in CASEBOOK_URL."
        )


class CasebookMissing(CasebookUnavailable):
    """The server has no such database."""

    id = "casebook-missing"

    def __init__(self, place: str) -> None:
        super().__init__(f"There is no database '{place}': create it, or name another in CASEBOOK_URL.")


class CasebookUnwritable(CasebookUnavailable):
    """The file or its folder cannot be created or written."""

    id = "casebook-unwritable"

    def __init__(self, path: str, why: str) -> None:
        super().__init__(
            f"The casebook '{path}' cannot be written ({why}): "
            "make the folder writable, or point CASEBOOK_URL elsewhere."
        )


class CasebookForeign(CasebookUnavailable):
    """The file is a database of some other program; it is left untouched."""

    id = "casebook-foreign"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"'{path}' is a database of another program: point CASEBOOK_URL at a casebook or at a new file."
        )


class CasebookCorrupt(CasebookUnavailable):
    """The file is damaged, or no database at all; it is left untouched."""

    id = "casebook-corrupt"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"'{path}' is damaged or no database: restore it from a backup, or point CASEBOOK_URL at a new file."
        )


class CasebookNewer(CasebookUnavailable):
    """A newer release has migrated the database."""

    id = "casebook-newer"

    def __init__(self, path: str, revision: str) -> None:
        super().__init__(
            f"The casebook '{path}' was written by a newer release (schema '{revision}'): "
            "start that release or a later one."
        )
