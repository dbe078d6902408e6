"""Why the database cannot be used."""

from casebook.errors.base import CasebookError


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
