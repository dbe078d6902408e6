"""What a log line says, and what it never does."""

import json
import logging
import subprocess
import sys
import threading

import pytest

from runtime.log_lines import JsonFormatter, LogFormat, TextFormatter, about_case, set_up_logging


@pytest.fixture(autouse=True)
def hooks_are_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    for owner, name in ((sys, "excepthook"), (sys, "unraisablehook"), (threading, "excepthook")):
        monkeypatch.setattr(owner, name, getattr(owner, name))


def line(message: str) -> str:
    try:
        raise ValueError(message)
    except ValueError:
        record = logging.LogRecord("mcp", logging.WARNING, __file__, 1, message, None, sys.exc_info())
    return TextFormatter().format(record)


@pytest.mark.parametrize(
    "address",
    [
        "http://ana:hunter2@tools.example.test/mcp",
        "https://hunter2@tools.example.test",
        "https://ana:hun@ter2:hunter2@tools.example.test/mcp",
        "https://tools.example.test/mcp?api_key=hunter2&x=1",
        "https://tools.example.test/mcp?x=1&access_token=hunter2",
        "https://tools.example.test/mcp?x=1?my_key_2=hunter2",
    ],
)
def test_a_line_shows_no_credentials_of_an_address(address: str) -> None:
    said = line(f"Client error '401' for url '{address}'")

    assert "hunter2" not in said
    assert "tools.example.test" in said
    assert "x=1" in said or "x=1" not in address


def test_an_address_without_credentials_stays_as_it_is() -> None:
    assert "http://127.0.0.1:8000/@scope/mcp?x=1" in line("Waiting for http://127.0.0.1:8000/@scope/mcp?x=1")


@pytest.mark.parametrize("piece", ["?key", "key", "?"])
def test_long_names_are_read_once(piece: str) -> None:
    # Were each name read again from each of its parts, this would take days.
    shown = "?" + piece * 500_000
    assert shown in line(shown)


def test_log_line_carries_the_case_and_stays_one_line() -> None:
    record = logging.LogRecord("worker.x", logging.INFO, "x.py", 1, 'Round %d says "hi"\nthere.', (2,), None)
    record.created, record.msecs = 1_772_452_800.0, 5.0
    record.case_id = "case-1"

    line = TextFormatter().format(record)

    assert line == (
        'at=2026-03-02T12:00:00.005Z level=info logger=worker.x case_id=case-1 msg="Round 2 says \\"hi\\"\\nthere."'
    )


def test_a_fault_is_logged_on_the_same_line() -> None:
    try:
        raise ValueError("broken")
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, "x.py", 1, "Failed.", (), (ValueError, error, error.__traceback__)
        )

    line = TextFormatter().format(record)

    assert "\n" not in line
    assert "ValueError: broken" in line


def record(message: str) -> logging.LogRecord:
    made = logging.LogRecord("worker.x", logging.WARNING, "x.py", 1, message, (), None)
    made.created, made.msecs = 1_772_452_800.0, 5.0
    return made


def test_json_lines_have_the_same_fields() -> None:
    with about_case("case-7"):
        line = JsonFormatter().format(record('Asked "who?"\nTwice.'))
    assert json.loads(line) == {
        "at": "2026-03-02T12:00:00.005Z",
        "level": "warning",
        "logger": "worker.x",
        "case_id": "case-7",
        "msg": 'Asked "who?"\nTwice.',
    }
    assert "\n" not in line


def test_case_of_a_record_goes_before_the_surrounding_one() -> None:
    own = record("Done.")
    own.case_id = "case-2"
    with about_case("case-1"):
        assert "case_id=case-2" in TextFormatter().format(own)
        assert "case_id=case-1" in TextFormatter().format(record("Done."))
    assert "case_id" not in TextFormatter().format(record("Done."))


@pytest.mark.parametrize(
    ("message", "case_id"),
    [
        ("case-sim_swap-7-20260302t120000z:r2: decision delivered", "case-sim_swap-7-20260302t120000z"),
        ("Orchestrator 'case-a.b-1' failed.", "case-a.b-1"),
        ("Nobody began case-1.", "case-1"),
        ("case-1 waits behind case-2", None),
        ("A lower-case-only name", None),
    ],
)
def test_line_that_names_one_case_has_its_id(message: str, case_id: str | None) -> None:
    assert json.loads(JsonFormatter().format(record(message))).get("case_id") == case_id


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_log_lines_hold_no_personal_data(log_format: LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(log_format, "INFO")
    log = logging.getLogger("backend.x")
    log.info("Signed in: %s from %s", "ana@example.com", "203.0.113.7")
    logging.getLogger("httpx").warning("GET http://store.example/customers?mail=ana%40example.com from 2001:db8:1:2::7")
    try:
        raise ValueError("no customer 'ana@example.com'") from KeyError("203.0.113.7")
    except ValueError:
        log.exception("Failed for %s", "ana@example.com")
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 3
    assert "ValueError" in said
    assert [value for value in ("ana@", "ana%40", "203.0.113.7", "2::7") if value in said] == []
    assert said.count("a…") >= 4


SAYING = "customer ana@example.com of 203.0.113.7 is unknown"
PAST_THE_LOG = {
    "main thread": "fail()",
    "another thread": "import threading; t = threading.Thread(target=fail); t.start(); t.join()",
    "finaliser": "type('Odd', (), {'__del__': fail})()",
    "task": "import asyncio\nasync def later():\n    asyncio.get_running_loop().call_soon(fail)\n"
    "    await asyncio.sleep(0)\nasyncio.run(later())",
    "forgotten task": "import asyncio\nasync def failing():\n    fail()\nasync def later():\n"
    "    asyncio.create_task(failing())\n    await asyncio.sleep(0)\nasyncio.run(later())",
    "warning": "import warnings; warnings.warn(SAYING)",
    "broken line": "import logging; logging.getLogger('backend.x').info('%d', SAYING)",
}
"""What Python prints by itself, without a logger."""


@pytest.mark.parametrize("way", PAST_THE_LOG)
def test_nothing_is_printed_past_the_mask(way: str) -> None:
    begin = f"""
from runtime.log_lines import set_up_logging
SAYING = {SAYING!r}
def fail(*_):
    raise ValueError(SAYING)
set_up_logging("json", "INFO")
"""
    done = subprocess.run(
        [sys.executable, "-c", begin + PAST_THE_LOG[way]], check=False, capture_output=True, text=True, timeout=120
    )
    (line,) = done.stderr.splitlines()
    assert "ana@example.com" not in line
    assert "203.0.113.7" not in line
    assert way == "broken line" or "a…@example.com of 203.0.113.…" in "".join(json.loads(line).values())
    assert (done.returncode, done.stdout) == (1 if way == "main thread" else 0, "")


def test_json_lines_show_no_credentials_either() -> None:
    line = JsonFormatter().format(record("GET http://ana:hunter2@tools.example.test/mcp?api_key=hunter2"))
    assert "hunter2" not in line


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_libraries_log_warnings_in_the_same_form(log_format: LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(log_format, "INFO")
    ours = ("backend.ingest.stream", "casewright.relay", "local.model.app", "mcp_server.main", "worker.agents")
    for name in ours:
        logging.getLogger(name).info("ours")
    logging.getLogger("httpx").info("theirs")
    logging.getLogger("uvicorn.error").warning("theirs, and it matters")

    lines = capsys.readouterr().err.splitlines()

    assert len(lines) == len(ours) + 1
    assert all(line.startswith("{" if log_format == "json" else "at=") for line in lines)
