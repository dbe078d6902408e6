"""What this casebook is called, so that processes can tell whether they share it. Says nothing about any case."""

from sqlalchemy import select

from casebook.identity_tables import IdentityRow
from casebook.tables import table_of
from casebook.transactions import Transactions

_IDENTITY = table_of(IdentityRow)


def identity_of(transactions: Transactions) -> str:
    """The id that this casebook was given when it was made, wherever it lies now. Raises CasebookUnavailable."""
    with transactions.read_rows() as connection:
        return connection.execute(select(_IDENTITY.c.casebook_id)).scalar_one()
