"""Who calls, by their own signature: what a token lets its caller do, and which tokens are none."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from contracts.access import TOOLS_AUDIENCE
from mcp_server.access.callers import Caller, KnownCallers
from mcp_server.access.key_files import (
    CALLERS_FILE,
    GRANT_KEYS_FILE,
    KeysUnusable,
    ListedKey,
    drop_keys,
    listed_keys,
    make_keys,
    read_private_key,
)
from mcp_server.access.rates import RateLimit
from runtime.caller_tokens import LIFE_S, CallerTokens
from runtime.signatures import KeyInvalid, PrivateKey, TokenInvalid, read_public_keys

NOW = 1_800_000_000.0
WORKER, STRANGER = PrivateKey.new(), PrivateKey.new()
LISTED = {**WORKER.public, "sub": "worker", "scopes": ["read", "act"]}


def callers(**changes: Any) -> KnownCallers:
    return KnownCallers.read(json.dumps({"keys": [LISTED | changes]}))


def tokens(*scopes: str, key: PrivateKey = WORKER, audience: str = TOOLS_AUDIENCE) -> str:
    return CallerTokens(key, audience, scopes).current()


def ask(token: str) -> Caller:
    return asyncio.run(callers().caller(token))


def test_a_token_has_the_scopes_that_were_asked_for() -> None:
    assert ask(tokens("read")) == Caller("worker", frozenset({"read"}))
    assert ask(tokens("read", "act")) == Caller("worker", frozenset({"read", "act"}))
    assert ask(tokens()) == Caller("worker", frozenset())


BAD: Mapping[str, tuple[Callable[[], str], str]] = {
    "a scope more": (lambda: tokens("read", "tasks"), "it has scopes that its caller, 'worker', may not have"),
    "no such scope": (lambda: tokens("everything"), "it has scopes that its caller, 'worker', may not have"),
    "a stranger's": (lambda: tokens("read", key=STRANGER), "the key that signed it is not known here"),
    "for the desk": (lambda: tokens("read", audience="desk"), "it is for somebody else"),
    "for ever": (
        lambda: WORKER.sign({"iss": WORKER.key_id, "aud": TOOLS_AUDIENCE, "iat": 1, "exp": 2**40, "scope": "read"}),
        "it is valid for longer than such a token may be",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_token_of_another_kind_lets_nobody_in(name: str) -> None:
    # Tokens live for minutes, and a whole run imports its modules long before it comes to them.
    make, why = BAD[name]
    with pytest.raises(TokenInvalid) as refused:
        ask(make())

    assert str(refused.value) == why


def test_a_token_says_who_signed_it() -> None:
    said = {"iss": STRANGER.key_id, "aud": TOOLS_AUDIENCE, "iat": NOW, "exp": NOW + LIFE_S, "scope": "read"}
    judged = KnownCallers(read_public_keys(json.dumps({"keys": [LISTED]})), lambda: NOW)
    with pytest.raises(TokenInvalid, match="somebody else issued it"):
        asyncio.run(judged.caller(WORKER.sign(said)))


def test_a_token_that_was_accepted_expires_all_the_same() -> None:
    clock = [NOW]
    judged = KnownCallers(read_public_keys(json.dumps({"keys": [LISTED]})), lambda: clock[0])
    token = CallerTokens(WORKER, TOOLS_AUDIENCE, ("read",), lambda: NOW).current()
    assert [asyncio.run(judged.caller(token)).name for _ in range(2)] == ["worker", "worker"]

    clock[0] = NOW + LIFE_S + 60
    with pytest.raises(TokenInvalid, match="it has expired"):
        asyncio.run(judged.caller(token))


@pytest.mark.parametrize("changes", [{"sub": ""}, {"sub": 1}, {"scopes": "read"}, {"scopes": ["write"]}])
def test_a_key_without_name_or_scopes_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(KeyInvalid, match="each key needs 'sub', its caller, and 'scopes', a list of act, read, tasks"):
        callers(**changes)


def test_a_token_is_made_anew_before_it_expires() -> None:
    clock = [NOW]
    made = CallerTokens(WORKER, TOOLS_AUDIENCE, ("read",), lambda: clock[0])
    first = made.current()
    clock[0] += LIFE_S / 2 - 1
    assert made.current() == first
    clock[0] += 1
    later = made.current()
    assert later != first
    clock[0] = NOW
    assert made.current() == first


def test_keys_are_made_once_and_private(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    make_keys(folder)
    before = {file.name: file.read_text() for file in folder.iterdir()}
    make_keys(folder)

    assert {file.name: file.read_text() for file in folder.iterdir()} == before
    assert sorted(before) == [
        "backend.pem", CALLERS_FILE, GRANT_KEYS_FILE, "grants.pem", "operator.pem", "worker.pem"
    ]  # fmt: skip
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
    assert "PRIVATE" not in before[CALLERS_FILE] + before[GRANT_KEYS_FILE]


def test_a_renewed_key_is_known_beside_the_old_one(tmp_path: Path) -> None:
    make_keys(tmp_path)
    old = read_private_key(tmp_path / "worker.pem")
    make_keys(tmp_path, ["worker"])
    new = read_private_key(tmp_path / "worker.pem")
    known = KnownCallers.read((tmp_path / CALLERS_FILE).read_text())

    assert old.key_id != new.key_id
    for key in (old, new):
        assert asyncio.run(known.caller(tokens("act", key=key))) == Caller("worker", frozenset({"act"}))


def test_a_key_that_was_moved_away_is_not_remade(tmp_path: Path) -> None:
    make_keys(tmp_path)
    away = {name: tmp_path / f"{name}.pem" for name in ("grants", "worker")}
    for file in away.values():
        file.unlink()
    lists = {name: (tmp_path / name).read_text() for name in (CALLERS_FILE, GRANT_KEYS_FILE)}

    make_keys(tmp_path)
    assert not any(file.exists() for file in away.values())
    assert {name: (tmp_path / name).read_text() for name in lists} == lists
    make_keys(tmp_path, ["worker"])
    assert [name for name, file in away.items() if file.exists()] == ["worker"]
    assert (tmp_path / GRANT_KEYS_FILE).read_text() == lists[GRANT_KEYS_FILE]


def test_old_keys_are_told_apart_and_dropped(tmp_path: Path) -> None:
    make_keys(tmp_path, today=lambda: "2026-03-14")
    old = read_private_key(tmp_path / "worker.pem").key_id
    make_keys(tmp_path, ["worker"], today=lambda: "2026-03-15")
    new = read_private_key(tmp_path / "worker.pem").key_id
    workers = [key for key in listed_keys(tmp_path) if key.name == "worker"]
    assert workers == [ListedKey("worker", old, "2026-03-14", False), ListedKey("worker", new, "2026-03-15", True)]

    with pytest.raises(KeysUnusable, match="has the key nobody"):
        drop_keys(tmp_path, ["nobody", old])
    assert [key.key_id for key in drop_keys(tmp_path, old_of=["worker"])] == [old]
    assert [key.key_id for key in drop_keys(tmp_path, [new])] == [new]
    assert [key.name for key in listed_keys(tmp_path)] == ["backend", "operator", "grants"]


def test_what_is_old_is_unknown_without_its_successor(tmp_path: Path) -> None:
    make_keys(tmp_path)
    (tmp_path / "worker.pem").unlink()
    with pytest.raises(KeysUnusable, match="drop it by its thumbprint"):
        drop_keys(tmp_path, old_of=["worker"])


def test_processes_that_make_keys_at_once_agree(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    make = [sys.executable, "-c", "import sys, pathlib; from mcp_server.access.key_files import make_keys\n"
            "sys.stdin.read(); make_keys(pathlib.Path(sys.argv[1]))", str(folder)]  # fmt: skip
    makers = [subprocess.Popen(make, stdin=subprocess.PIPE) for _ in range(3)]
    for maker in makers:
        assert maker.stdin is not None
        maker.stdin.close()
    assert [maker.wait(120) for maker in makers] == [0, 0, 0]

    assert [(key.name, key.has_file) for key in listed_keys(folder)] == [
        (name, True) for name in ("worker", "backend", "operator", "grants")
    ]


def test_files_of_ours_are_closed_and_folders_kept(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    make_keys(tmp_path)
    (tmp_path / "worker.pem").chmod(0o644)
    read_private_key(tmp_path / "worker.pem")

    assert (tmp_path / "worker.pem").stat().st_mode & 0o777 == 0o600
    assert tmp_path.stat().st_mode & 0o777 == 0o755


DAMAGED = ["hunter2", '{"keys": ["hunter2"]}', '{"keys": {"a": 1}}', "[[]]", '{"keys": [[]]}', '{"keys": 1}']


@pytest.mark.parametrize("text", DAMAGED)
@pytest.mark.parametrize("name", [CALLERS_FILE, GRANT_KEYS_FILE])
def test_a_damaged_list_is_one_sentence(tmp_path: Path, name: str, text: str) -> None:
    make_keys(tmp_path)
    (tmp_path / name).write_text(text)
    with pytest.raises(KeysUnusable, match="is no list of public keys: put the right one there") as refused:
        make_keys(tmp_path)
    with pytest.raises(KeyInvalid):
        read_public_keys(text)

    assert "hunter2" not in str(refused.value)


def test_a_damaged_key_is_one_sentence(tmp_path: Path) -> None:
    make_keys(tmp_path)
    (tmp_path / "worker.pem").write_text("hunter2")
    with pytest.raises(
        KeysUnusable, match=r"put the right one there, or make another with .*--renew worker'\.$"
    ) as why:
        make_keys(tmp_path)

    assert "hunter2" not in str(why.value)
    make_keys(tmp_path, ["worker"])


@pytest.mark.parametrize("scopes", [[[]], [{}], "read", None, ["all"]])
def test_scopes_that_are_none_are_refused(scopes: object) -> None:
    with pytest.raises(KeyInvalid, match="'scopes', a list of"):
        callers(scopes=scopes)


def test_a_caller_who_asks_too_often_waits() -> None:
    clock = [0.0]
    rate = RateLimit(60, lambda: clock[0])
    assert [rate.wait_s("worker") for _ in range(11)] == [0.0] * 10 + [1.0]
    assert rate.wait_s("backend") == 0.0
    clock[0] = 2.0
    assert [rate.wait_s("worker") for _ in range(3)] == [0.0, 0.0, 1.0]
