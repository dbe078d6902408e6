"""What people send instead of a draft."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class ReplyTextRow(Base, kw_only=True):
    """The text of a reply that a person edited. Apart from the decision, so that it can be erased."""

    __tablename__ = "reply_text"

    case_id: Mapped[str] = mapped_column(ForeignKey("case.case_id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[str]
