"""A process takes the open files that it needs, or says that it may not."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ASKS = """
import resource, sys
from runtime.open_files import allow_open_files

soft, hard, needed = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
said = allow_open_files(needed)
print(*resource.getrlimit(resource.RLIMIT_NOFILE), said)
"""
TOO_FEW = (
    "This process may have 250 files open and needs 300 for MAX_CONNECTIONS: set that lower, or raise the hard limit "
    "of open files (ulimit -Hn)."
)


@pytest.mark.parametrize(
    ("soft", "hard", "said"),
    [(200, 400, "300 400 None"), (350, 400, "350 400 None"), (200, 250, f"250 250 {TOO_FEW}")],
)
def test_process_takes_the_open_files_it_needs(soft: int, hard: int, said: str) -> None:
    asking = [sys.executable, "-c", ASKS, str(soft), str(hard), "300"]
    assert subprocess.run(asking, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip() == said
