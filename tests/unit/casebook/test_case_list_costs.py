"""The cost of a page of the case list: the same in a large casebook, and on a late page."""

from pathlib import Path
from typing import Any

import pytest

from casebook.database.engine import open_engine
from casebook.database.transactions import Transactions
from casebook.queries import full_text
from casebook.queries.filters import CaseQuery
from casebook.workspace_api import WorkspaceApi
from tests.bench.casebook import fill as fill_to


@pytest.fixture(scope="module")
def casebooks(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Casebooks with 300 and with 3,000 cases, on SQLite."""
    folder = tmp_path_factory.mktemp("casebooks")
    paths = {size: folder / f"{size}.db" for size in (300, 3_000)}
    for size, path in paths.items():
        engine = open_engine(f"sqlite:///{path}")
        fill_to(engine, size)
        engine.dispose()
    return paths


class Steps:
    """How many instructions of its machine SQLite takes for a page."""

    def __init__(self, path: Path) -> None:
        engine = open_engine(f"sqlite:///{path}")
        self._workspace = WorkspaceApi(Transactions(engine))
        self._taken = 0
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
        driver.set_progress_handler(self._take, 10)

    def _take(self) -> None:
        self._taken += 10

    def of_page(self, asked: CaseQuery, cursor: str | None = None, limit: int = 2) -> tuple[int, str | None]:
        """The steps to a page, and the cursor that continues it."""
        self._taken = 0
        page = self._workspace.list_cases(asked, "ana", limit=limit, cursor=cursor)
        return self._taken, page.next_cursor


FLAT: dict[str, dict[str, Any]] = {
    "common word": {"q": "customer"},
    "rare word": {"q": "needle"},
    "no such word": {"q": "nothing"},
    "words by deadline": {"q": "oslo", "sort": "due"},
    "rare word of the overdue": {"q": "needle", "sort": "due", "overdue": True, "state": ("awaiting_review",)},
    "words of a rule by deadline": {"q": "oslo", "rule": "login_storm", "sort": "-due"},
    "rule by deadline": {"rule": "login_storm", "sort": "due"},
    "rule by score": {"rule": "login_storm", "sort": "-score"},
    "outcome by change": {"outcome": "failed", "sort": "-updated"},
    "disposition that none has": {"disposition": "confirmed_fraud", "sort": "due"},
    "overdue by score": {"overdue": True, "sort": "-score", "state": ("awaiting_review", "escalated")},
    "customer by score": {"customer_id": 7, "rule": "login_storm", "sort": "score"},
}


@pytest.mark.parametrize("name", FLAT)
def test_page_takes_as_many_steps_in_tenfold_casebook(
    casebooks: dict[int, Path], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(full_text, "NEAR", 100)
    monkeypatch.setattr(full_text, "FEW", 100)
    few, many = (Steps(path).of_page(CaseQuery.model_validate(FLAT[name]))[0] for path in casebooks.values())
    assert many < 3 * few, (few, many)


@pytest.mark.parametrize("sort", ["opened", "-opened", "-updated", "due", "-due", "score", "-score"])
@pytest.mark.parametrize("more", [{}, {"q": "oslo"}, {"overdue": True, "min_score": 0.01}])
def test_later_page_takes_as_many_steps_as_second(
    casebooks: dict[int, Path], monkeypatch: pytest.MonkeyPatch, sort: str, more: dict[str, Any]
) -> None:
    monkeypatch.setattr(full_text, "NEAR", 100)
    asked = CaseQuery.model_validate({**more, "sort": sort})
    steps = Steps(casebooks[3_000])
    _, first = steps.of_page(asked)
    _, far = steps.of_page(asked, first, limit=400)
    second, later = steps.of_page(asked, first)[0], steps.of_page(asked, far)[0]
    assert later < 2 * second, (second, later)
