"""The facade of what belongs to no case: saved views, the managers' setting, and the log of both."""

from datetime import datetime

from casebook.commands import assignments, saved_views
from casebook.facade import Facade
from casebook.policy.assignments import next_absence
from casebook.queries.assignments import assigned_away, read_setting
from casebook.queries.desk_log import list_changes
from casebook.queries.filters import CaseQuery, SavedView
from casebook.queries.saved_views import list_views
from contracts.assignment import AssignmentRules, AssignmentSetting
from contracts.desk_log import DeskChangePage


class DeskApi(Facade):
    """What belongs to no case: one transaction per method, from any thread.

    Every method raises CasebookUnavailable when the database fails; then nothing was written.
    """

    def changes(self, *, limit: int = 50, cursor: str | None = None) -> DeskChangePage:
        """The newest lines of the desk log, at most 500, or those before another page. Raises MalformedCursor."""
        with self._read() as connection:
            return list_changes(connection, limit, cursor)

    # Views

    def save_view(self, subject: str, name: str, query: CaseQuery, *, shared: bool | None = None) -> SavedView:
        """Keep a query under a name; what was kept under it before is replaced.

        `shared`: whether everybody sees it; None: as it was. Raises TooManySavedViews, TooManySharedViews.
        """
        with self._write() as connection:
            return saved_views.save_view(connection, subject, name, query, self._clock(), shared=shared)

    def list_views(self, subject: str) -> tuple[SavedView, ...]:
        """The views of one person, and those that others share, by name."""
        with self._read() as connection:
            return list_views(connection, subject)

    def delete_view(self, subject: str, name: str) -> None:
        """Forget a view. Raises SavedViewNotFound."""
        with self._write() as connection:
            saved_views.delete_view(connection, subject, name, self._clock())

    def stop_sharing(self, owner: str, name: str, subject: str) -> None:
        """Let only its owner see a view, among whose views it stays. Raises SharedViewNotFound."""
        with self._write() as connection:
            saved_views.stop_sharing(connection, owner, name, subject, self._clock())

    # Assignment

    def assignment(self) -> AssignmentSetting:
        """How cases are assigned."""
        with self._read() as connection:
            return read_setting(connection)

    def change_assignment(self, version: int, rules: AssignmentRules, subject: str) -> AssignmentSetting:
        """Replace the setting of this version; the change is in the desk log. Raises SettingChanged.

        It holds for questions that are asked from now on; cases of who is away are for `reassign_away`.
        """
        with self._write() as connection:
            return assignments.change_setting(connection, version, rules, subject, self._clock())

    def assigned_away(self, limit: int = 100) -> list[tuple[str, str]]:
        """Open cases of people who are away, and whose each is."""
        with self._read() as connection:
            return assigned_away(connection, self._clock(), limit)

    def reassign_away(self, case_id: str, subject: str) -> bool:
        """Take a case from somebody who is away: to another by rule, or into the pool. Raises CaseNotFound.

        False, and nothing changes, when it is not theirs any more, or they are there: another backend was first.
        """
        with self._write() as connection:
            return assignments.reassign_away(connection, case_id, subject, self._clock())

    def next_absence(self) -> datetime | None:
        """When somebody goes away next."""
        with self._read() as connection:
            return next_absence(read_setting(connection).rules, self._clock())
