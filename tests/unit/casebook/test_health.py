"""Whether the casebook can be written, and what may be said about it to whom."""

import shutil
from collections.abc import Generator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text

from casebook.database.engine import open_engine
from casebook.database.health import LASTS_S, CasebookHealth
from casebook.database.transactions import Transactions
from casebook.errors import CasebookCorrupt, CasebookFull, CasebookReplaced, CasebookUnavailable, CasebookUnwritable
from tests.support.casebooks import CaseBook
from tests.support.small_disk import fill, small_disk
from tests.unit.casebook.builders import an_alert, only_on, open_case


@pytest.fixture
def disk(tmp_path: Path) -> Generator[Path]:
    with small_disk(tmp_path / "disk") as mounted:
        yield mounted


def on_disk(empty_casebook: Path, disk: Path, query: str = "") -> Engine:
    path = disk / "casebook.db"
    if not path.exists():
        shutil.copyfile(empty_casebook, path)
    return open_engine(f"sqlite:///file:{path}?uri=true{query}" if query else f"sqlite:///{path}")


def fill_with_cases(book: CaseBook, first: int = 1) -> CasebookUnavailable:
    """Open large cases until the casebook refuses one, and say how."""
    for number in range(first, first + 10_000):
        alert = an_alert(number)
        try:
            book.open_case(alert.model_copy(update={"description": "x" * 3_000}))
        except CasebookUnavailable as fault:
            return fault
    raise AssertionError("The disk never was full.")


def test_sound_casebook_passes_the_probe_unchanged(book: CaseBook):
    open_case(book)
    before = book.case_events("case-impossible_travel-1")

    book.transactions.probe()

    assert book.transactions.health.fault is None
    assert book.case_events("case-impossible_travel-1") == before
    assert book.last_seq() == before[-1].seq


@pytest.mark.integration
def test_full_disk_is_reported_until_there_is_room(empty_casebook: Path, disk: Path, caplog: pytest.LogCaptureFixture):
    engine = on_disk(empty_casebook, disk)
    book = CaseBook(Transactions(engine))
    filler = fill(disk)

    refused = fill_with_cases(book)
    with pytest.raises(CasebookFull):
        book.transactions.probe()

    assert type(refused) is CasebookFull
    assert "make room there" in refused.sentence
    assert "folder writable" not in refused.sentence + refused.public
    assert str(disk) in refused.sentence
    assert str(disk) not in refused.public
    assert refused.sentence in caplog.messages
    filler.unlink()
    open_case(book, 20_000)
    assert book.transactions.health.fault is None
    engine.dispose()


def test_a_file_at_its_own_limit_fails_the_probe(empty_casebook: Path, tmp_path: Path):
    engine = on_disk(empty_casebook, tmp_path)

    @event.listens_for(engine, "connect")
    def limit(connection: object, _record: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # type: ignore[attr-defined] # at most what it has

    with pytest.raises(CasebookFull):
        CaseBook(Transactions(engine)).transactions.probe()
    engine.dispose()


def test_a_read_only_file_fails_the_probe(empty_casebook: Path, tmp_path: Path):
    engine = on_disk(empty_casebook, tmp_path, "&mode=ro")
    book = CaseBook(Transactions(engine))

    with pytest.raises(CasebookUnwritable, match="make the folder writable"):
        book.transactions.probe()

    assert isinstance(book.transactions.health.fault, CasebookUnwritable)
    engine.dispose()


@only_on("postgresql")
def test_read_only_server_fails_probe_with_advice(book: CaseBook, engine: Engine):
    with engine.connect() as connection:
        name = connection.execute(text("SELECT current_database()")).scalar_one()
        connection.execute(text(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'))
        connection.commit()
    engine.dispose()

    with pytest.raises(CasebookUnwritable, match="it is read-only or a standby") as refused:
        book.transactions.probe()

    assert name in refused.value.sentence
    assert name not in refused.value.public


@pytest.mark.parametrize("query", ["", "&cache=private"])
def test_a_file_that_was_taken_away_takes_no_writes(
    empty_casebook: Path, tmp_path: Path, query: str, caplog: pytest.LogCaptureFixture
):
    path, aside = tmp_path / "casebook.db", tmp_path / "aside.db"
    book = CaseBook(Transactions(on_disk(empty_casebook, tmp_path, query)))
    open_case(book, 1)

    path.rename(aside)
    with pytest.raises(CasebookReplaced) as refused:
        open_case(book, 2)
    with pytest.raises(CasebookReplaced):
        book.transactions.probe()

    assert refused.value.sentence == (
        f"The casebook's file '{path}' was taken away while it was in use: put the same file back, or stop every "
        "process before another takes its place."
    )
    assert str(tmp_path) not in refused.value.public
    assert isinstance(book.transactions.health.fault, CasebookReplaced)
    assert refused.value.sentence in caplog.messages
    assert not path.exists()
    aside.rename(path)
    open_case(book, 3)
    assert book.transactions.health.fault is None
    assert {item.customer_id for item in book.list_cases().items} == {1, 3}


def test_no_new_file_is_made_where_one_is_gone(empty_casebook: Path, tmp_path: Path):
    engine = on_disk(empty_casebook, tmp_path)
    book = CaseBook(Transactions(engine))
    open_case(book, 1)
    engine.dispose()
    (tmp_path / "casebook.db").unlink()

    with pytest.raises(CasebookReplaced, match="was taken away"):
        book.list_cases()

    assert not (tmp_path / "casebook.db").exists()


def test_another_file_in_its_place_is_not_written(empty_casebook: Path, tmp_path: Path):
    path, backup = tmp_path / "casebook.db", tmp_path / "backup.db"
    shutil.copyfile(empty_casebook, backup)
    engine = on_disk(empty_casebook, tmp_path)
    book = CaseBook(Transactions(engine))
    open_case(book, 1)

    backup.rename(path)
    with pytest.raises(CasebookReplaced, match="is another file than the casebook that is in use"):
        open_case(book, 2)
    engine.dispose()
    with pytest.raises(CasebookReplaced):
        open_case(book, 2)

    fresh = open_engine(f"sqlite:///{path}")
    assert 2 not in [item.customer_id for item in CaseBook(Transactions(fresh)).list_cases().items]
    fresh.dispose()


def test_a_file_that_goes_meanwhile_refuses_the_commit(empty_casebook: Path, tmp_path: Path):
    path, aside = tmp_path / "casebook.db", tmp_path / "aside.db"
    engine = on_disk(empty_casebook, tmp_path)
    transactions = Transactions(engine)

    def write_while_it_goes() -> None:
        with transactions.write() as connection:
            connection.execute(text("UPDATE log_head SET last_seq = 7"))
            path.rename(aside)

    with pytest.raises(CasebookReplaced):
        write_while_it_goes()

    aside.rename(path)
    assert CaseBook(transactions).last_seq() == 0
    engine.dispose()


def test_damaged_page_under_newest_event_fails_probe(empty_casebook: Path, tmp_path: Path):
    engine = on_disk(empty_casebook, tmp_path)
    book = CaseBook(Transactions(engine))
    for number in range(1, 20):
        open_case(book, number)
    with engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        page = (
            connection.execute(
                text("SELECT pageno FROM dbstat WHERE name = 'case_event' AND pagetype = 'leaf' ORDER BY path DESC")
            )
            .scalars()
            .first()
        )
    engine.dispose()
    assert page is not None
    with (tmp_path / "casebook.db").open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)

    with pytest.raises(CasebookCorrupt) as refused:
        book.transactions.probe()
    book.transactions.health.clear()

    assert isinstance(book.transactions.health.fault, CasebookCorrupt)
    assert str(tmp_path) not in refused.value.public
    engine.dispose()


def test_a_probe_outweighs_a_real_fault_only_later():
    now = [0.0]
    health = CasebookHealth(lambda: now[0])
    health.note(CasebookUnavailable("It is gone."))

    health.clear_by_probe()
    early = health.fault
    now[0] = LASTS_S
    health.clear_by_probe()

    assert early is not None
    assert health.fault is None
