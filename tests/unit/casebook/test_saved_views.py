"""Views that people keep, and share with everybody."""

import pytest

from casebook.commands import saved_views
from casebook.errors import SavedViewNotFound, SharedViewNotFound, TooManySharedViews
from casebook.queries.filters import CaseQuery
from tests.support.casebooks import CaseBook

URGENT, MINE = CaseQuery(overdue=True, sort="due"), CaseQuery(assignee="me")


def seen(book: CaseBook, subject: str) -> list[tuple[str, str, bool]]:
    return [(view.owner, view.name, view.shared) for view in book.list_views(subject)]


def test_everybody_sees_a_shared_view_its_owner_changes(book: CaseBook) -> None:
    book.save_view("ana", "Urgent", URGENT)
    assert seen(book, "ben") == []
    book.save_view("ana", "Urgent", URGENT, shared=True)
    book.save_view("ben", "Urgent", MINE)
    assert seen(book, "ben") == [("ana", "Urgent", True), ("ben", "Urgent", False)]
    assert seen(book, "ana") == [("ana", "Urgent", True)]
    with pytest.raises(SavedViewNotFound):
        book.delete_view("cleo", "Urgent")

    book.save_view("ana", "Urgent", MINE)

    assert book.list_views("cleo")[0].query == MINE, "what is saved again stays shared"
    book.save_view("ana", "Urgent", MINE, shared=False)
    assert seen(book, "cleo") == []
    book.save_view("ana", "Urgent", MINE, shared=True)
    book.delete_view("ana", "Urgent")
    assert seen(book, "cleo") == []


def test_view_that_is_no_longer_shared_stays_its_owners(book: CaseBook) -> None:
    book.save_view("ana", "Urgent", URGENT, shared=True)
    book.stop_sharing("ana", "Urgent", "maria")
    assert (seen(book, "ben"), seen(book, "ana")) == ([], [("ana", "Urgent", False)])
    with pytest.raises(SharedViewNotFound, match="ana shares no view named 'Urgent'"):
        book.stop_sharing("ana", "Urgent", "maria")


def test_only_so_many_views_are_shared(book: CaseBook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_views, "SHARED", 2)
    for name in ("one", "two"):
        book.save_view("ana", name, URGENT, shared=True)
    with pytest.raises(TooManySharedViews, match="2 views are shared, the most that can be: stop sharing one first"):
        book.save_view("ben", "three", URGENT, shared=True)
    assert seen(book, "ben") == [("ana", "one", True), ("ana", "two", True)]
    book.save_view("ana", "two", MINE, shared=True)
    book.save_view("ben", "three", URGENT)
