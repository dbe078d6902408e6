"""Upgrades of a casebook: what migrations may rely on, and a next release that is made up."""

import ast
import shutil
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from casebook.database import engine as module
from casebook.database.engine import open_engine, require_current, upgrade
from casebook.database.transactions import Transactions
from casebook.errors import CasebookNewer, CasebookUnavailable
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import an_alert

ROOM = Path(__file__).parents[3] / "casebook" / "database" / "migrations"
MIGRATIONS = sorted((ROOM / "versions").glob("*.py"))
NEWEST = MIGRATIONS[-1].stem[:4]
FOLLOWING = f"{int(NEWEST) + 1:04}"
NEXT = f'''"""A column of the next release, filled for the cases that exist.

Follows: {NEWEST}.
"""

import sqlalchemy as sa
from alembic import op

revision = "{FOLLOWING}"
down_revision = "{NEWEST}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("case", sa.Column("queue", sa.Text(), nullable=True))
    op.execute("UPDATE \\"case\\" SET queue = severity")
'''


@pytest.mark.parametrize("migration", MIGRATIONS, ids=lambda file: file.stem)
def test_migration_imports_nothing_that_may_change(migration: Path) -> None:
    tree = ast.parse(migration.read_text())
    named = {node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    named |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert {name.partition(".")[0] for name in named} <= {*sys.stdlib_module_names, "alembic", "sqlalchemy"}


def test_next_release_upgrades_a_filled_casebook(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = open_engine(url)
    upgrade(engine)
    book = CaseBook(Transactions(engine))
    opened = book.open_case(an_alert(1))
    shutil.copytree(ROOM, tmp_path / "migrations")
    (tmp_path / "migrations" / "versions" / f"{FOLLOWING}_queue.py").write_text(NEXT)

    with monkeypatch.context() as next_release:
        next_release.setattr(module, "_MIGRATIONS", tmp_path / "migrations")
        with pytest.raises(CasebookUnavailable, match=rf"earlier release \(schema '{NEWEST}'\): start this one once"):
            require_current(engine)
        upgrade(engine)
        require_current(engine)
        with engine.connect() as connection:
            queues = connection.execute(text('SELECT queue FROM "case"')).scalars().all()

    assert queues == [an_alert(1).severity]
    assert book.summary(opened.case_id).alert_id == an_alert(1).alert_id
    for meets in (require_current, upgrade):
        with pytest.raises(CasebookNewer):
            meets(engine)
    engine.dispose()
