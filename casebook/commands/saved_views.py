"""Queries of the case list that a person keeps under names."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casebook.errors import SavedViewNotFound, TooManySavedViews
from casebook.queries.filters import CaseQuery, SavedView
from casebook.schema.workspace import SavedViewRow

PER_PERSON = 50
"""Nobody keeps more views."""


def save_view(session: Session, subject: str, name: str, query: CaseQuery, now: datetime) -> SavedView:
    """Keep a query under a name; what was kept under it before is replaced."""
    row = session.get(SavedViewRow, (subject, name), with_for_update=True)
    if row is None:
        held = select(func.count()).select_from(SavedViewRow).where(SavedViewRow.subject == subject)
        if session.execute(held).scalar_one() >= PER_PERSON:
            raise TooManySavedViews(PER_PERSON)
        row = SavedViewRow(subject=subject, name=name, query="", saved_at=now)
        session.add(row)
    row.query = query.model_dump_json(exclude_defaults=True)
    row.saved_at = now
    return _read(row)


def list_views(session: Session, subject: str) -> tuple[SavedView, ...]:
    """The views of one person, by name."""
    rows = session.scalars(select(SavedViewRow).where(SavedViewRow.subject == subject).order_by(SavedViewRow.name))
    return tuple(map(_read, rows))


def delete_view(session: Session, subject: str, name: str) -> None:
    """Forget a view. Raises SavedViewNotFound."""
    row = session.get(SavedViewRow, (subject, name))
    if row is None:
        raise SavedViewNotFound(name)
    session.delete(row)


def _read(row: SavedViewRow) -> SavedView:
    return SavedView(name=row.name, query=CaseQuery.model_validate_json(row.query), saved_at=row.saved_at)
