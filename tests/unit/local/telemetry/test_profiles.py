"""Reading the exported customers."""

import json
from pathlib import Path

import pytest

from local.telemetry.profiles import Profile, ProfilesUnusable, read_profiles


def test_customers_are_read_in_order_and_unknown_keys_ignored(profiles: tuple[Profile, ...]):
    assert [profile.customer_id for profile in profiles] == list(range(1, 10))
    assert profiles[0].story is None
    assert profiles[3].story is not None
    assert profiles[3].story.charges[0].charge_id == "ch-4-0"


def test_a_missing_file_says_how_to_make_it(tmp_path: Path):
    with pytest.raises(ProfilesUnusable, match=r"No such file.*python -m mcp_server export-profiles"):
        read_profiles(tmp_path / "none.jsonl")


def test_lines_end_at_lf_alone(profiles_file: Path, tmp_path: Path):
    text = profiles_file.read_text(encoding="utf-8").replace("Oslo", "a\u2028b\u0085", 1)
    assert "\u2028" in text
    path = tmp_path / "marked.jsonl"
    path.write_text("\ufeff" + text, encoding="utf-8")

    profiles = read_profiles(path)

    assert len(profiles) == len(read_profiles(profiles_file))
    assert profiles[0].home_city == "a\u2028b\u0085"


def test_an_empty_file_holds_no_customer(tmp_path: Path):
    path = tmp_path / "empty.jsonl"
    path.write_text("\n")
    with pytest.raises(ProfilesUnusable, match="holds no customer"):
        read_profiles(path)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [("{", "line 2"), (json.dumps({"customer_id": -1}), r"line 2, field 'customer_id'"), ("\x00", "line 2")],
)
def test_a_bad_line_is_named(profiles_file: Path, line: str, complaint: str):
    first = profiles_file.read_text().splitlines()[0]
    profiles_file.write_text(f"{first}\n{line}\n")
    with pytest.raises(ProfilesUnusable, match=complaint):
        read_profiles(profiles_file)


def test_a_binary_file_is_no_profiles_file(tmp_path: Path):
    path = tmp_path / "binary"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProfilesUnusable, match="not UTF-8"):
        read_profiles(path)
