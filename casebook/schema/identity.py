"""The table of the casebook's id."""

from sqlalchemy import Integer
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class IdentityRow(Base, kw_only=True):
    """One row, made with the table and never changed. A copy of a casebook is the same casebook."""

    __tablename__ = "casebook_identity"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    casebook_id: Mapped[str]
