"""Effects and reversals that the record refuses."""

from casebook.errors.base import CasebookError
from contracts.names import CASE_MERGED


class CaseClosed(CasebookError):
    """The case is closed: nothing about it changes any more."""

    id = "case-closed"
    status = 409

    def __init__(self, outcome: str | None) -> None:
        super().__init__(f"This case is closed with the outcome '{outcome}': nothing about it can be changed.")


class CaseMerged(CaseClosed):
    """The case has become a part of another one."""

    id = CASE_MERGED

    def __init__(self, into: str | None) -> None:
        CasebookError.__init__(self, f"This case was merged into '{into}': work on that one.")


class AlertsCannotMove(CasebookError):
    """Cases were to be merged, or an alert detached, that must stay as they are."""

    id = "alerts-cannot-move"
    status = 409

    def __init__(self, case_id: str, reason: str) -> None:
        super().__init__(f"The alerts of case '{case_id}' cannot be moved: {reason}.")


class CaseOpen(CasebookError):
    """A case was to be reopened that is open."""

    id = "case-open"
    status = 409

    def __init__(self) -> None:
        super().__init__("This case is open: there is nothing to reopen.")


class NotReopenable(CasebookError):
    """A case was to be reopened in which everything was decided and done."""

    id = "not-reopenable"
    status = 409

    def __init__(self, outcome: str | None) -> None:
        super().__init__(
            f"This case ended as '{outcome}': only one that ended as 'failed' or 'unresolved' can be reopened."
        )


class IllegalMove(CasebookError):
    """The lifecycle has no such move."""

    id = "illegal-move"
    status = 409

    def __init__(self, case_id: str, source: str, target: str) -> None:
        super().__init__(f"Case '{case_id}' cannot go from '{source}' to '{target}'.")


class SameRequester(CasebookError):
    """The person who asked for a reversal tries to approve it as well."""

    id = "same-requester"
    status = 403

    def __init__(self) -> None:
        super().__init__("You asked for this yourself: another person must approve it.")


class NothingToReverse(CasebookError):
    """An effect that did not happen cannot be reversed."""

    id = "nothing-to-reverse"
    status = 409

    def __init__(self, action: str, status: str) -> None:
        super().__init__(f"'{action}' is '{status}' in this case: only what was done can be reversed.")


class ReversalExists(CasebookError):
    """The effect has been reversed, or somebody asked for it."""

    id = "reversal-exists"
    status = 409

    def __init__(self, requested_by: str, status: str) -> None:
        what = "This was reversed already" if status == "done" else "Reversing this has been asked for already"
        super().__init__(f"{what}, by {requested_by}. Reload to see it.")


class ReversalAlreadyDecided(CasebookError):
    """Somebody has decided on this request."""

    id = "reversal-decided"
    status = 409

    def __init__(self, decided_by: str, status: str) -> None:
        super().__init__(f"This request was already decided by {decided_by}; it is '{status}'. Reload to see it.")
