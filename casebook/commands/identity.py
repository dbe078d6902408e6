"""What this casebook is called, so that processes can tell whether they share it. Says nothing about any case."""

from sqlalchemy import select

from casebook.database.transactions import Transactions
from casebook.schema.cases import table_of
from casebook.schema.identity import IdentityRow

_IDENTITY = table_of(IdentityRow)


def identity_of(transactions: Transactions) -> str:
    """The id that this casebook was given when it was made, wherever it lies now. Raises CasebookUnavailable."""
    with transactions.read_rows() as connection:
        return connection.execute(select(_IDENTITY.c.casebook_id)).scalar_one()
