"""What a legal hold refuses."""

from casebook.errors.base import CasebookError


class UnderLegalHold(CasebookError):
    """Something is to be erased that belongs to a case under a legal hold."""

    id = "under-legal-hold"
    status = 409

    def __init__(self, case_id: str) -> None:
        self.case_id = case_id
        super().__init__(f"Case '{case_id}' is under a legal hold: nothing of it is erased until a manager lifts that.")
