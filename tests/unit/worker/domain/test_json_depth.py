import pytest
from pydantic import JsonValue

from worker.domain.json_depth import is_too_deep

CASES: list[tuple[JsonValue, int, bool]] = [
    (1, 0, False),
    ([], 0, True),
    ([], 1, False),
    ({"a": [1]}, 2, False),
    ({"a": [1]}, 1, True),
    ([1, {"a": {"b": []}}, 2], 3, True),
    ([1, {"a": {"b": []}}, 2], 4, False),
]


@pytest.mark.parametrize(("value", "levels", "too_deep"), CASES)
def test_levels_of_lists_and_objects_are_counted(value: JsonValue, levels: int, too_deep: bool) -> None:
    assert is_too_deep(value, levels) is too_deep
