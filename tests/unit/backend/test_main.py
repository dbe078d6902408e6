"""How the backend wires what it is made of."""

from pathlib import Path

import pytest

from backend import main
from casebook.errors import CasebookTooSlow
from runtime.listening import listen


def test_reads_of_the_backend_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "READ_LIMIT_S", 0.001)
    with listen("127.0.0.1", 0, instead="") as listener:
        casebook = main.open_casebook(f"sqlite:///{tmp_path / 'casebook.db'}", listener)
    assert casebook is not None
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"
    with pytest.raises(CasebookTooSlow), casebook.read() as connection:
        connection.exec_driver_sql(endless).all()
