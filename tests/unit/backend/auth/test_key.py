from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from backend.auth.key import KeyFileUnusable, read_or_make_key


def test_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "state" / "session.key"
    key = read_or_make_key(file)
    assert len(key) >= 32
    assert read_or_make_key(file) == key
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert list(file.parent.iterdir()) == [file]


def test_two_installations_have_two_keys(tmp_path: Path) -> None:
    assert read_or_make_key(tmp_path / "one") != read_or_make_key(tmp_path / "two")


def test_those_who_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(read_or_make_key, [tmp_path / "session.key"] * 8))
    assert len(keys) == 1
    assert list(tmp_path.iterdir()) == [tmp_path / "session.key"]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o606])
def test_a_key_that_others_can_read_is_none(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "session.key"
    read_or_make_key(file)
    file.chmod(mode)
    with pytest.raises(KeyFileUnusable) as refused:
        read_or_make_key(file)
    assert str(refused.value) == (
        f"Others on this machine may read the key file {file}: remove it, and a new one is made."
    )


@pytest.mark.parametrize("content", [b"", b"short\n"])
def test_a_cut_off_key_is_refused_and_not_shown(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "session.key"
    file.touch(0o600)
    file.write_bytes(content)
    with pytest.raises(KeyFileUnusable) as refused:
        read_or_make_key(file)
    assert str(refused.value) == f"The key file {file} holds no usable key: remove it, and a new one is made."


@pytest.mark.parametrize(("make", "reason"), [("folder", "Is a directory"), ("noise", "it is no text")])
def test_what_is_no_key_file_is_named(tmp_path: Path, make: str, reason: str) -> None:
    file = tmp_path / "session.key"
    if make == "folder":
        file.mkdir(mode=0o700)
    else:
        file.touch(0o600)
        file.write_bytes(b"\xff" * 64)
    with pytest.raises(KeyFileUnusable) as refused:
        read_or_make_key(file)
    assert str(refused.value) == (
        f"The key file {file} cannot be used ({reason}): mend that, or set SESSION_SECRET or SESSION_KEY_FILE."
    )
