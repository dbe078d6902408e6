"""Assignments that are refused."""

from datetime import datetime

from casebook.errors.base import CasebookError
from contracts.review import Role


class AssignedToOther(CasebookError):
    """The case is another person's."""

    id = "assigned-to-other"
    status = 409

    def __init__(self, assigned_to: str) -> None:
        super().__init__(f"This case is assigned to {assigned_to}: ask {assigned_to}, or a manager, to pass it on.")


class NotAssigned(CasebookError):
    """The case is nobody's, so there is no assignment to end."""

    id = "not-assigned"
    status = 409

    def __init__(self) -> None:
        super().__init__("This case is assigned to nobody: it is in the pool already.")


class AssigneeAway(CasebookError):
    """The person is away."""

    id = "assignee-away"
    status = 409

    def __init__(self, subject: str, until: datetime) -> None:
        super().__init__(f"{subject} is away until {until:%Y-%m-%d %H:%M} UTC: assign the case to somebody else.")


class AssigneeMayNotDecide(CasebookError):
    """The person lacks the role that the case asks for."""

    id = "assignee-may-not-decide"
    status = 409

    def __init__(self, subject: str, required: Role) -> None:
        super().__init__(
            f"This case asks for the role '{required}', which {subject} does not have: assign it to somebody else."
        )


class SettingChanged(CasebookError):
    """The setting that was to be replaced is not the current one."""

    id = "setting-changed"
    status = 409

    def __init__(self, version: int, changed_by: str | None) -> None:
        who = "" if changed_by is None else f" by {changed_by}"
        super().__init__(
            f"The setting was changed{who} meanwhile, it has version {version} now: look at it, then make your change."
        )
