"""The tables of people's work: notes, attachments, saved views, and the search words of cases."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class NoteRow(Base, kw_only=True):
    """What a person wrote about a case. `seq` is that of its `note_added`."""

    __tablename__ = "note"
    __table_args__ = (Index("ix_note_case_id_seq", "case_id", "seq"),)

    seq: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    case_id: Mapped[str] = mapped_column(ForeignKey("case.case_id"))
    author: Mapped[str]
    created_at: Mapped[datetime]
    text: Mapped[str]


class AttachmentRow(Base, kw_only=True):
    """A file that a person added to a case. `seq` is that of its `attachment_added`."""

    __tablename__ = "attachment"
    __table_args__ = (Index("ix_attachment_case_id_seq", "case_id", "seq"),)

    seq: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    case_id: Mapped[str] = mapped_column(ForeignKey("case.case_id"))
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    content_hash: Mapped[str]
    added_by: Mapped[str]
    added_at: Mapped[datetime]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class SavedViewRow(Base, kw_only=True):
    """A query of the case list that a person keeps under a name."""

    __tablename__ = "saved_view"
    __table_args__ = (
        Index(
            "ix_saved_view_shared",
            "name",
            "subject",
            sqlite_where=text("shared_at IS NOT NULL"),
            postgresql_where=text("shared_at IS NOT NULL"),
        ),
    )

    subject: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    query: Mapped[str]
    saved_at: Mapped[datetime]
    shared_at: Mapped[datetime | None] = mapped_column(default=None)
    """Since when everybody sees it; null: only its owner does."""


class CaseTextRow(Base, kw_only=True):
    """The words of a case's description and notes, folded as `casebook.queries.tokenizer` does.

    Each database finds them in its own way: SQLite by `case_fts`, which triggers keep up to date, PostgreSQL by
    the generated column `words`, any other by looking at the text.
    """

    __tablename__ = "case_text"

    opened_seq: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    """Of the case."""
    body: Mapped[str]
