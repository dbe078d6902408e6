"""A real PostgreSQL server for tests: in a folder of its own, on a free port of loopback, gone afterwards."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql

from tests.support.ports import free_port

USER = "casewright"
PASSWORD = "s3cret/of:tests"
QUOTED_PASSWORD = "s3cret%2Fof%3Atests"
START_TIMEOUT_S = 120.0
IN_MEMORY = Path("/dev/shm")
NEEDED_BYTES = 2**31
"""What must be free in memory: several servers run at once."""


class PostgresServer:
    """`initdb` and `postgres` as a context manager. Every user needs the password, as on a real server."""

    def __init__(self) -> None:
        self._bin = _find_binaries()
        # A copied database is hundreds of files: in memory that takes an eighth of the processor time.
        self._folder = Path(tempfile.mkdtemp(prefix="casewright-postgres-", dir=_memory()))
        # PostgreSQL refuses to run as root.
        self._owner = "postgres" if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self._made = 0

    def __enter__(self) -> Self:
        if self._owner is not None:
            shutil.chown(self._folder, self._owner, self._owner)
        secret = self._folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        initdb = [self._bin / "initdb", "-D", self._data, "-U", USER, "-A", "scram-sha-256", "--pwfile", secret]
        made = self._run([*initdb, "-E", "UTF8", "--locale", "C", "--no-sync"])
        assert made.returncode == 0, made.stderr.decode()
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def start(self) -> None:
        """Start the server and wait until it answers. A test that stopped it starts it again."""
        log = (self._folder / "log").open("ab")
        options = ["-p", str(self.port), "-k", str(self._folder), "-c", "listen_addresses=127.0.0.1"]
        # Nothing here has to survive a loss of power, and its log is not to fill the memory.
        options += ["-c", "fsync=off", "-c", "max_wal_size=128MB"]
        options += ["-c", "max_connections=200", "-c", "shared_buffers=64MB"]
        self._process = subprocess.Popen(
            [self._bin / "postgres", "-D", self._data, *options],
            stdout=log,
            stderr=log,
            cwd=self._folder,
            user=self._owner,
            group=self._owner,
        )
        log.close()
        self._wait_until_it_answers()

    def stop(self) -> None:
        """Disconnect everybody and stop, as an administrator would."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        assert self._process.wait(START_TIMEOUT_S) == 0
        self._process = None

    def url(self, database: str, password: str = QUOTED_PASSWORD) -> str:
        """The URL of a database on this server."""
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str | None = None) -> str:
        """A new database, a copy of `template` if given. Returns its name."""
        self._made += 1
        name = f"casebook_{self._made}"
        order: sql.Composed = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template is not None:
            # As files: through the log, which is what the server prefers, takes twice the processor time.
            order += sql.SQL(" TEMPLATE {} STRATEGY file_copy").format(sql.Identifier(template))
        self._administer(order)
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is connected."""
        self._administer(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _administer(self, order: sql.SQL | sql.Composed) -> None:
        with self._connect() as connection:
            connection.execute(order)

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self.url("postgres"), autocommit=True, connect_timeout=60)

    def _run(self, command: list[Path | str]) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            command, capture_output=True, check=False, cwd=self._folder, user=self._owner, group=self._owner
        )

    def _wait_until_it_answers(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            with suppress(psycopg.OperationalError):
                self._connect().close()
                return
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < deadline, "PostgreSQL does not answer"
            time.sleep(0.05)


def _memory() -> Path | None:
    """Where files are kept in memory, if there is room; None: on disk."""
    with suppress(OSError):
        if shutil.disk_usage(IN_MEMORY).free >= NEEDED_BYTES and os.access(IN_MEMORY, os.W_OK):
            return IN_MEMORY
    return None


def _find_binaries() -> Path:
    given = os.environ.get("POSTGRES_BIN")
    places = [Path(given)] if given else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = next((place for place in places if (place / "initdb").exists()), None)
    if found is None:
        raise FileNotFoundError("PostgreSQL's server is not installed: run ./scripts/setup postgres.")
    return found
