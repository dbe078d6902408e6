"""Errors of a database that cannot be used. `sentence` is for the log and the command line; `public` is for everybody
else and names no file, address or user."""

from casebook.errors.base import CasebookError

OPERATOR = "whoever runs this server"


class CasebookUnavailable(CasebookError):
    """The database cannot be used right now. Without `public` the sentence names nothing that not all may know."""

    id = "casebook-unavailable"
    status = 503

    def __init__(self, sentence: str, public: str | None = None) -> None:
        super().__init__(sentence)
        self._public = public

    @property
    def public(self) -> str:
        """What anybody may know."""
        return self.sentence if self._public is None else self._public


class CasebookUrlInvalid(CasebookUnavailable):
    """`CASEBOOK_URL` names no database that can be used."""

    id = "casebook-url-invalid"


class CasebookRefused(CasebookUnavailable):
    """The server does not let the casebook in."""

    id = "casebook-refused"

    def __init__(self, place: str, user: str) -> None:
        super().__init__(
            f"The casebook '{place}' refuses the user '{user}': check the user and the password in CASEBOOK_URL.",
            f"The casebook's database does not let this server in: {OPERATOR} must mend that.",
        )


class CasebookMissing(CasebookUnavailable):
    """The server has no such database."""

    id = "casebook-missing"

    def __init__(self, place: str) -> None:
        super().__init__(
            f"There is no database '{place}': create it, or name another in CASEBOOK_URL.",
            f"The casebook's database does not exist: {OPERATOR} must mend that.",
        )


class CasebookUnwritable(CasebookUnavailable):
    """The file, its folder or the server's database can be written by nobody or not by this user."""

    id = "casebook-unwritable"

    def __init__(
        self, place: str, why: str, mend: str = "make the folder writable, or point CASEBOOK_URL elsewhere"
    ) -> None:
        super().__init__(
            f"The casebook '{place}' cannot be written ({why}): {mend}.",
            f"The casebook cannot be written: nothing can be recorded before {OPERATOR} has mended that.",
        )


class CasebookFull(CasebookUnavailable):
    """The disk is full. Writes succeed again once there is space."""

    id = "casebook-full"

    def __init__(self, place: str, why: str) -> None:
        super().__init__(
            f"The disk of the casebook '{place}' is full ({why}): make room there, nothing needs to be restarted.",
            f"The casebook's disk is full: nothing can be recorded before {OPERATOR} has made room.",
        )


class CasebookTooSlow(CasebookUnavailable):
    """The database was not done with a question in the time that it had. It has stopped thinking about it."""

    id = "casebook-too-slow"

    def __init__(self, place: str) -> None:
        super().__init__(
            f"The casebook '{place}' took too long for this, and was stopped: ask for less, or try again.",
            "The casebook took too long for this, and was stopped: ask for less, or try again.",
        )


class CasebookReplaced(CasebookUnavailable):
    """The file was moved, removed or replaced while it was in use. Writes succeed again once the file is back."""

    id = "casebook-replaced"

    def __init__(self, path: str, *, is_gone: bool) -> None:
        super().__init__(
            f"The casebook's file '{path}' was taken away while it was in use: put the same file back, or stop every "
            "process before another takes its place."
            if is_gone
            else f"'{path}' is another file than the casebook that is in use: put that one back, or start every "
            "process anew with this one.",
            f"The casebook's file was taken away: nothing can be recorded before {OPERATOR} has mended that.",
        )


class CasebookForeign(CasebookUnavailable):
    """The file is a database of some other program; it is left untouched."""

    id = "casebook-foreign"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"'{path}' is a database of another program: point CASEBOOK_URL at a casebook or at a new file.",
            f"The casebook's database belongs to another program: {OPERATOR} must mend that.",
        )


class CasebookEmpty(CasebookUnavailable):
    """The database holds nothing, as one of 0 bytes: nobody has made a casebook there yet, or somebody emptied it."""

    id = "casebook-empty"

    def __init__(self, place: str) -> None:
        super().__init__(
            f"'{place}' is empty: point CASEBOOK_URL at a casebook, restore it from a backup, "
            "or start Casewright once, which makes a new one.",
            f"The casebook's database is empty: {OPERATOR} must mend that.",
        )


class CasebookCorrupt(CasebookUnavailable):
    """The file is damaged, or no database at all; it is left untouched."""

    id = "casebook-corrupt"

    def __init__(self, path: str) -> None:
        super().__init__(
            f"'{path}' is damaged or no database: restore it from a backup, or point CASEBOOK_URL at a new file.",
            f"The casebook is damaged: {OPERATOR} must restore it from a backup.",
        )


class CasebookNewer(CasebookUnavailable):
    """Another release has migrated the database: a newer one, or one from before release 1.0."""

    id = "casebook-newer"

    def __init__(self, path: str, revision: str) -> None:
        super().__init__(
            f"The casebook '{path}' was written by another release (schema '{revision}'), and this one cannot read it: "
            "start a release that can, or set CASEBOOK_URL to a new casebook.",
            f"The casebook was written by another release than this server's: {OPERATOR} must start that one.",
        )
