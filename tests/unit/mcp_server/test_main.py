"""The command line."""

import asyncio
import gzip
import json
import socket
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest

from contracts.recordings import recorded_lines
from mcp_server.access.callers import Caller, KnownCallers
from mcp_server.main import main
from mcp_server.recordings import recorded_customers
from mcp_server.records.bundle import Dataset
from mcp_server.records.profile import TelemetryProfile
from mcp_server.settings import McpSettings
from runtime.settings import read_settings
from runtime.signatures import PrivateKey

ZIPPED = gzip.compress(b'{"customer_id": 301}\n' * 99, mtime=0)


@pytest.fixture(autouse=True)
def environment_of(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MCP_HOST", "MCP_PORT", "CONTOSO_SEED", "CONTOSO_AS_OF"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CUSTOMER_STORE_PATH", str(store_path))


def recording(path: Path, *customer_ids: int) -> Path:
    lines = "".join(json.dumps({"event_id": str(n), "customer_id": one}) + "\n" for n, one in enumerate(customer_ids))
    path.write_bytes(gzip.compress(lines.encode()) if path.suffix == ".gz" else lines.encode())
    return path


def test_profiles_are_exported_with_their_stories(
    tmp_path: Path, dataset: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "profiles.jsonl"

    assert main(["export-profiles", "--out", str(out)]) == 0

    lines = out.read_text("utf-8").splitlines()
    assert [TelemetryProfile.model_validate_json(line) for line in lines] == [
        one.telemetry for one in dataset.customers
    ]
    stories = [json.loads(line)["story"] for line in lines]
    assert {"kind", "fraud", "country", "city", "latitude", "longitude", "device_id", "ip", "charges", "gb"} <= set(
        next(story for story in stories if story)
    )
    assert capsys.readouterr().out == f"{out}: 250 profiles\n"
    assert [path.name for path in out.parent.iterdir()] == ["profiles.jsonl"]


def test_customers_of_recordings_are_added_once_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = recording(tmp_path / "a.jsonl", 12, 301, 302, 301)
    zipped = recording(tmp_path / "b.jsonl.gz", 302, 303)

    assert main(["add-customers", "--from-recording", str(plain), str(zipped)]) == 0

    assert capsys.readouterr().out.splitlines() == [
        f"{plain}: 4 events, 2 customers added, 1 known already",
        f"{zipped}: 2 events, 1 customers added, 1 known already",
    ]


def test_lines_that_do_not_parse_are_counted_and_skipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = recording(tmp_path / "a.jsonl", 301)
    with path.open("a") as file:
        file.write('\nnot json\n{"customer_id": true}\n{"customer_id": 0}\n{"customer_id": "303"}\n')

    assert main(["add-customers", "--from-recording", str(path)]) == 0

    expected = f"{path}: 2 events, 2 customers added, 0 known already, 3 lines skipped (first: line 3)\n"
    assert capsys.readouterr().out == expected


@pytest.mark.parametrize(
    "content",
    [None, ZIPPED[:12], ZIPPED[:14] + b"\xff\xff" + ZIPPED[16:]],
    ids=["absent", "cut off", "damaged"],
)
def test_unreadable_recording_is_one_sentence_and_adds_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    good, bad = recording(tmp_path / "a.jsonl", 301), tmp_path / "b.jsonl.gz"
    if content is not None:
        bad.write_bytes(content)

    assert main(["add-customers", "--from-recording", str(good), str(bad)]) == 1
    said = capsys.readouterr()
    assert said.err.startswith(f"The recording {bad} cannot be read (")
    assert said.err.count("\n") == 1

    main(["add-customers", "--from-recording", str(good)])
    assert ", 1 customers added, 0 known already" in capsys.readouterr().out


def test_customers_before_a_cut_are_added(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(ZIPPED[:-9])

    assert main(["add-customers", "--from-recording", str(path)]) == 0

    said = capsys.readouterr().out
    assert said.startswith(f"{path}: 99 events, 1 customers added, 0 known already")
    assert said.endswith(", and nothing after that: the compressed file is cut off\n")


def test_recording_of_one_endless_line_uses_bounded_memory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bomb = tmp_path / "bomb.jsonl.gz"
    with gzip.open(bomb, "wb") as file:
        for _ in range(64):
            file.write(b"x" * 1_048_576)
        file.write(b'\n{"customer_id": 301}\n')
    recorded_customers(bomb)
    tracemalloc.start()
    assert main(["add-customers", "--from-recording", str(bomb)]) == 0
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert capsys.readouterr().out.startswith(f"{bomb}: 1 events, 1 customers added")
    assert peak < 16 * 1_048_576


@pytest.mark.slow
@pytest.mark.parametrize("line", [b"\n", b" \r\n"])
def test_a_recording_of_hardly_any_events_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: bytes
) -> None:
    bomb = tmp_path / "blank.jsonl.gz"
    event = b'{"customer_id": 301}\n'
    bomb.write_bytes(gzip.compress(event * 50 + line * 1_000_001 + event * 50))
    assert main(["add-customers", "--from-recording", str(bomb)]) == 1
    assert capsys.readouterr().err == (
        f"The recording {bomb} has more than 1,000,000 lines without an event: "
        "give a recording of telemetry, one event a line.\n"
    )


def test_blank_lines_without_end_are_read_at_once(tmp_path: Path) -> None:
    bomb = tmp_path / "blank.jsonl.gz"
    bomb.write_bytes(gzip.compress(b'{"customer_id": 301}\n' + b"\n" * 1_000_000 + b'{"customer_id": 302}\n'))

    lines = list(recorded_lines(bomb))

    assert (len(lines) < 100, lines[-1].number) == (True, 1_000_002)
    assert recorded_customers(bomb).customer_ids == {301, 302}


def test_too_many_customers_at_once_are_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = recording(tmp_path / "a.jsonl", *range(1_000, 61_000))
    other = recording(tmp_path / "b.jsonl", *range(60_000, 101_001))

    assert main(["add-customers", "--from-recording", str(one), str(other)]) == 1
    assert capsys.readouterr().err == (
        f"With the recording {other} there are more than 100,000 customers to add at once: "
        "add smaller recordings one after the other.\n"
    )


def test_customers_are_those_that_the_backend_would_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "windows.jsonl"
    path.write_bytes('{"customer_id": 301}\r\n{"customer_id": "302", "score": NaN}\r\n'.encode("utf-16"))

    assert main(["add-customers", "--from-recording", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: 2 events, 2 customers added, 0 known already\n"


def test_file_that_cannot_be_exported_to_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "profiles.jsonl"

    assert main(["export-profiles", "--out", str(out)]) == 1
    assert capsys.readouterr().err == f"{out} cannot be written (File exists): choose another file with --out.\n"


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("MCP_PORT", "eighty", "Input should be a valid integer, unable to parse string as an integer"),
        ("MCP_PORT", "70000", "Input should be less than or equal to 65535"),
        ("CONTOSO_AS_OF", "2026-03-15T12:00:00", "Input should have timezone info"),
    ],
)
def test_a_wrong_setting_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str, fault: str
) -> None:
    monkeypatch.setenv(name, value)

    assert main([]) == 1
    assert capsys.readouterr().err == f"{name} is wrong ({fault}): correct it or unset it.\n"


def test_a_bad_store_is_one_sentence(store_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store_path.write_text("not a database " * 100)

    assert main(["export-profiles", "--out", str(tmp_path / "out.jsonl")]) == 1
    assert capsys.readouterr().err.startswith(f"{store_path} is not a customer store and is left as it is")


def test_the_store_is_made_as_the_environment_says(
    tmp_path: Path, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUSTOMER_STORE_PATH", str(tmp_path / "fresh.db"))
    monkeypatch.setenv("CONTOSO_SEED", str(dataset.seed))
    monkeypatch.setenv("CONTOSO_AS_OF", dataset.as_of.isoformat())
    out = tmp_path / "profiles.jsonl"

    assert main(["export-profiles", "--out", str(out)]) == 0
    assert (
        TelemetryProfile.model_validate_json(out.read_text("utf-8").splitlines()[0]) == dataset.customers[0].telemetry
    )


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])

    assert ended.value.code == 0
    assert "export-profiles" in capsys.readouterr().out


def test_port_in_use_is_refused_before_store_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("MCP_PORT", str(port))
        monkeypatch.setenv("CUSTOMER_STORE_PATH", str(tmp_path / "fresh.db"))

        assert main([]) == 1

    assert capsys.readouterr().err.startswith(f"Cannot listen on 127.0.0.1 port {port} (Address already in use): ")
    assert not (tmp_path / "fresh.db").exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"MCP_HOST": "0.0.0.0"},
            "MCP_HOST=0.0.0.0 is not loopback, and nothing says by which name this server is called: set "
            "MCP_ALLOWED_HOSTS.",
        ),
        (
            {"MCP_HOST": "0.0.0.0", "MCP_ALLOWED_HOSTS": "tools.example"},
            "MCP_HOST=0.0.0.0 is not loopback, and nothing says who may call: set MCP_CALLERS_FILE and "
            "MCP_GRANT_KEYS_FILE, or MCP_HOST to 127.0.0.1.",
        ),
        (
            {"MCP_CALLERS_FILE": "callers.json"},
            "MCP_CALLERS_FILE and MCP_GRANT_KEYS_FILE belong together: set both or none.",
        ),
        (
            {"MCP_AUTH": "entra"},
            "MCP_AUTH=entra needs MCP_TENANT, MCP_AUDIENCE and MCP_GRANT_KEYS_FILE: set all three.",
        ),
        (
            {"MCP_AUDIENCE": "api://tools"},
            "MCP_TENANT and MCP_AUDIENCE are for MCP_AUTH=entra: unset them, or set that.",
        ),
        (
            {"MCP_WRITE_TOKEN": "hunter2"},
            "MCP_WRITE_TOKEN is wrong (callers no longer share a token: each has a key of its own, see "
            "MCP_CALLERS_FILE): correct it or unset it.",
        ),
    ],
)
def test_settings_that_let_nobody_or_anybody_in_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], changes: dict[str, str], sentence: str
) -> None:
    for name, value in changes.items():
        monkeypatch.setenv(name, value)

    assert main([]) == 1
    assert capsys.readouterr().err == f"{sentence}\n"


def test_a_caller_s_key_grants_nothing(
    store_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    public = {**PrivateKey.new().public, "sub": "worker", "scopes": ["read", "act"]}
    for name in ("MCP_CALLERS_FILE", "MCP_GRANT_KEYS_FILE"):
        (tmp_path / name).write_text(
            json.dumps({"keys": [PrivateKey.new().public | {"sub": "a", "scopes": []}, public]})
        )
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("MCP_PORT", "0")

    assert main([]) == 1
    assert capsys.readouterr().err.startswith("A key is in MCP_CALLERS_FILE and in MCP_GRANT_KEYS_FILE: ")


def test_names_of_the_server_are_small(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("MCP_ALLOWED_HOSTS", "Tools.Example, b")
    assert read_settings(McpSettings).mcp_allowed_hosts == ("tools.example", "b")
    monkeypatch.setenv("MCP_ALLOWED_HOSTS", "https://tools.example")
    assert main([]) == 1
    assert "a name is letters, digits, dots and hyphens, without scheme, port, path or *" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "The public keys in {} cannot be read (No such file or directory): correct the path or the file."),
        ("{}", "A file of public keys cannot be used (it is no JSON Web Key Set with Ed25519 keys): correct it."),
    ],
)
def test_unusable_public_keys_are_one_sentence(
    store_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    text: str | None,
    sentence: str,
) -> None:
    callers = store_path.parent / "callers.json"
    if text is not None:
        callers.write_text(text)
    for name in ("MCP_CALLERS_FILE", "MCP_GRANT_KEYS_FILE"):
        monkeypatch.setenv(name, str(callers))
    monkeypatch.setenv("CUSTOMER_STORE_PATH", str(store_path))
    monkeypatch.setenv("MCP_PORT", "0")

    assert main([]) == 1
    assert capsys.readouterr().err == f"{sentence.format(callers)}\n"


def test_a_token_for_this_machine_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "keys"
    assert main(["token", "--keys", str(folder)]) == 1
    assert capsys.readouterr().err == (
        f"There is no key at {folder / 'operator.pem'}: start the tool server once, or run its command 'keys'.\n"
    )
    assert main(["keys", str(folder)]) == 0
    capsys.readouterr()
    assert main(["token", "--keys", str(folder)]) == 0
    token = capsys.readouterr().out.strip()

    callers = KnownCallers.read((folder / "callers.json").read_text())
    assert asyncio.run(callers.caller(token)) == Caller("operator", frozenset({"read"}))
