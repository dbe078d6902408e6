"""The wall clock of a whole stack, as a test says: its real processes read it through a library that is preloaded."""

import math
import shutil
import struct
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_suffix(".c")
COMPILER = shutil.which("cc")
NEEDS_COMPILER = pytest.mark.skipif(
    COMPILER is None, reason="The clock is moved by a library that a C compiler builds."
)


class MovedClock:
    """A clock ahead of the machine's. Processes that are given its `env` read it; monotonic time is not touched."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        library, self._offset = folder / "moved_clock.so", folder / "offset"
        subprocess.run(
            [COMPILER or "cc", "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE), "-ldl"], check=True
        )
        self._seconds = 0
        self._offset.write_bytes(struct.pack("=q", 0))
        self.env: Mapping[str, str] = {"LD_PRELOAD": str(library), "MOVED_CLOCK": str(self._offset)}

    def now(self) -> datetime:
        """What its processes take for now."""
        return datetime.fromtimestamp(datetime.now(UTC).timestamp() + self._seconds, UTC)

    def set(self, now: datetime) -> None:
        """Let it be this time, or up to a second later, in running processes, too."""
        self._seconds = math.ceil((now - datetime.now(UTC)).total_seconds())
        with self._offset.open("r+b") as offset:
            offset.write(struct.pack("=q", self._seconds))
