"""What a casebook is called."""

from pathlib import Path

from sqlalchemy import Engine

from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.relay_api import RelayApi
from tests.support.postgres import PostgresServer


def _identity(url: str) -> str:
    engine = open_engine(url)
    upgrade(engine)
    identity = RelayApi(Transactions(engine)).identity()
    engine.dispose()
    return identity


def test_each_new_casebook_has_an_id_of_its_own(tmp_path: Path, postgres: PostgresServer) -> None:
    urls = [f"sqlite:///{tmp_path / name}" for name in ("one.db", "two.db")]
    urls += [postgres.url(postgres.create_database()) for _ in range(2)]
    made = [_identity(url) for url in urls]
    assert len(set(made)) == 4
    assert [_identity(url) for url in urls] == made


def test_the_id_stays_whatever_address_leads_to_it(engine: Engine) -> None:
    before = RelayApi(Transactions(engine)).identity()
    upgrade(engine)
    assert RelayApi(Transactions(engine)).identity() == before
    assert before.startswith("casebook-")
