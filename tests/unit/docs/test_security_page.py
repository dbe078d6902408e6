"""docs/security.md names a test for each mitigation: each has to be there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "security.md").read_text()
SHORT = "tests/unit/backend/api/"
ROWS = re.findall(r"^\| ((?:[STRIDE](?:, )?)+) \| (.+) \| (.+) \| (.+) \|$", PAGE, flags=re.MULTILINE)
NAMED = sorted({name for *_, tests in ROWS for name in re.findall(r"`([^`]+)`", tests)})


@pytest.mark.parametrize("name", NAMED)
def test_a_named_test_is_there(name: str) -> None:
    path, _, function = name.partition("::")
    file = ROOT / (path if "/" in path else SHORT + path)

    assert file.is_file(), f"docs/security.md names {path}, which is not there"
    assert not function or re.search(rf"def {function}\b", file.read_text()), f"{path} has no {function}"


def test_each_crossing_has_its_table() -> None:
    (flow,) = re.findall(r"```mermaid\n(.*?)```", PAGE, flags=re.DOTALL)
    crossings = {int(number) for number in re.findall(r'"(\d+)[ "]', flow)}
    tables = [int(number) for number in re.findall(r"^### (\d+) ", PAGE, flags=re.MULTILINE)]

    assert tables == sorted(crossings)


def test_each_mitigation_names_a_test() -> None:
    assert len(ROWS) > 40
    assert [threat for _, threat, _, tests in ROWS if not re.findall(r"`([^`]+)`", tests)] == []
