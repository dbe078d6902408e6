"""The id of this casebook, by which processes can tell whether they share it. Not about any case."""

from sqlalchemy import Connection, select

from casebook.schema.base import table_of
from casebook.schema.identity import IdentityRow

_IDENTITY = table_of(IdentityRow)


def identity_of(connection: Connection) -> str:
    """The id that this casebook was given when it was made, wherever it lies now."""
    return connection.execute(select(_IDENTITY.c.casebook_id)).scalar_one()
