"""`scripts/verify-case-log`: one sentence and an exit status, and nothing else needs to run."""

import json
import os
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from casebook.access_api import AccessApi
from casebook.audit.export import write_json
from casebook.case_log.access_chain import seen_each_time
from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.desk_api import DeskApi
from casebook.queries.filters import CaseQuery
from casebook.workspace_api import WorkspaceApi
from scripts.verify_case_log import main
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import NOON, SteppingClock, open_case
from tests.unit.casebook.story import tell

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[3]
Tamper = Callable[[str], None]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A casebook with two cases in it, which nobody has open."""
    path = tmp_path / "casebook.db"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    transactions = Transactions(engine, SteppingClock())
    tell(CaseBook(transactions), WorkspaceApi(transactions))
    engine.dispose()
    return path


@pytest.fixture
def tamper(file: Path) -> Tamper:
    def execute(statement: str) -> None:
        connection = sqlite3.connect(file)
        with connection:
            assert connection.execute(statement).rowcount == 1
        connection.close()

    return execute


def casebook(file: Path, *more: str) -> list[str]:
    return ["--casebook", f"sqlite:///{file}", *more]


def an_export(file: Path) -> Path:
    engine = open_engine(f"sqlite:///{file}")
    book = CaseBook(Transactions(engine))
    case = book.events_after(0)[0].case_id
    path = file.with_name(f"{case}.json")
    path.write_bytes(b"".join(write_json(book.snapshot(case), lambda wanted: book.read_attachment(case, wanted))))
    engine.dispose()
    return path


def test_an_intact_casebook_is_said_to_be_intact(file: Path, capsys: pytest.CaptureFixture[str]):
    assert main(casebook(file)) == 0
    said = capsys.readouterr().out
    assert said.startswith("Intact: 5 cases, ")
    assert said.count("\n") == 1


def test_casebook_of_the_environment_is_verified_by_default(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    other = tmp_path / "other.db"
    engine = open_engine(f"sqlite:///{other}")
    upgrade(engine)
    engine.dispose()
    monkeypatch.chdir(tmp_path)

    assert main([]) == 2, "the default casebook is not there"
    monkeypatch.setenv("CASEBOOK_URL", f"sqlite:///{other.name}")
    assert main([]) == 0
    of_environment = capsys.readouterr().out
    assert main(casebook(file)) == 0
    named = capsys.readouterr().out

    assert of_environment.startswith("Intact: 0 cases, 0 events, ")
    assert of_environment.endswith(f"; casebook sqlite:///{other}.\n")
    assert named.startswith("Intact: 5 cases, ")
    assert named.endswith(f"; casebook sqlite:///{file}.\n")


def test_the_environment_names_a_file_with_the_address(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "address").write_text(f"sqlite:///{file}\n")
    monkeypatch.setenv("CASEBOOK_URL_FILE", str(tmp_path / "address"))
    assert main([]) == 0
    assert capsys.readouterr().out.endswith(f"; casebook sqlite:///{file}.\n")
    monkeypatch.setenv("CASEBOOK_URL", "sqlite:///other.db")
    assert main([]) == 2
    assert "CASEBOOK_URL and CASEBOOK_URL_FILE are both set" in capsys.readouterr().err


def test_a_server_s_casebook_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("CASEBOOK_URL", "postgresql://auditor:hunter2@127.0.0.1:1/cases?password=hunter2")
    assert main([]) == 2
    said = capsys.readouterr().err
    assert "cases on 127.0.0.1:1" in said
    assert "hunter2" not in said


def test_the_first_invalid_row_is_named(file: Path, tamper: Tamper, capsys: pytest.CaptureFixture[str]):
    tamper("UPDATE effect SET status = 'failed'")
    assert main(casebook(file)) == 1
    said = capsys.readouterr().out
    assert said.startswith("Broken: case 'case-impossible_travel-1', event ")
    assert ", effect 'case-impossible_travel-1:lock_account:1': its status is 'failed', but event " in said
    assert said.splitlines()[0].endswith(" says 'done'.")
    assert said.splitlines()[1].endswith(f" events; casebook sqlite:///{file}.")


def test_an_invalid_event_is_named(file: Path, tamper: Tamper, capsys: pytest.CaptureFixture[str]):
    tamper("UPDATE case_event SET actor = 'mallory' WHERE seq = 5")
    assert main(casebook(file)) == 1
    assert capsys.readouterr().out.startswith(
        "Broken: case 'case-impossible_travel-1', event 5: its content does not match its hash.\n"
    )


def test_an_export_is_verified_without_its_casebook(file: Path, capsys: pytest.CaptureFixture[str]):
    export = an_export(file)
    file.unlink()

    assert main(["--export", str(export)]) == 0
    assert ": intact: case 'case-impossible_travel-1', " in capsys.readouterr().out

    document = json.loads(export.read_text())
    document["case"]["decisions"][1]["decided_by"] = "mallory"
    forged = export.with_name("forged.json")
    forged.write_text(json.dumps(document))
    assert main(["--export", str(export), str(forged)]) == 1
    said = capsys.readouterr().out
    assert f"{forged}: Broken: case 'case-impossible_travel-1', event " in said
    assert "decision 'case-impossible_travel-1:r2': its content is not what event " in said


def test_an_anchor_gives_away_who_rewrote_the_whole_casebook(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """Another casebook, in itself without fault, in the place of the one that was anchored."""
    anchor = tmp_path / "elsewhere" / "anchor"
    anchor.parent.mkdir()
    for _ in range(2):
        assert main(casebook(file, "--anchor", str(anchor))) == 0
    assert len(anchor.read_text().splitlines()) == 1, "nothing has happened since"

    engine = open_engine(f"sqlite:///{file}")
    open_case(CaseBook(Transactions(engine)), 4)
    engine.dispose()
    assert main(casebook(file, "--anchor", str(anchor))) == 0
    first, second = (json.loads(line) for line in anchor.read_text().splitlines())
    assert second["seq"] == first["seq"] + 1

    file.unlink()
    engine = open_engine(f"sqlite:///{file}")
    upgrade(engine)
    book = CaseBook(Transactions(engine))
    for number in range(1, second["seq"] + 1):
        open_case(book, number)
    engine.dispose()
    assert main(casebook(file)) == 0, "no casebook can give itself away"
    capsys.readouterr()
    assert main(casebook(file, "--anchor", str(anchor))) == 1
    assert capsys.readouterr().out.startswith(
        f"Broken: the log up to event {first['seq']} is not the one that was anchored at {first['at']}.\n"
    )


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\x00 or so"])
def test_what_is_no_casebook_cannot_be_verified(tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "other.db"
    path.write_bytes(content)
    assert main(casebook(path)) == 2
    assert capsys.readouterr().err.startswith("verify-case-log: '")
    assert path.read_bytes() == content


def test_missing_casebook_or_export_is_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    missing = tmp_path / "nowhere" / "casebook.db"
    assert main(casebook(missing)) == 2
    assert main(["--export", str(missing)]) == 2
    assert main(["--casebook", "nonsense"]) == 2
    assert not missing.parent.exists()
    assert capsys.readouterr().err.splitlines()[:2] == [
        f"verify-case-log: There is no casebook '{missing}': name one with --casebook or CASEBOOK_URL.",
        f"verify-case-log: '{missing}' cannot be read (No such file or directory).",
    ]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ana:hunter2@127.0.0.1:port/x",
        "postgresql://ana:hunter2@[::1/x",
        "http://ana:hunter2@x/y",
        "garbage",
    ],
)
def test_an_address_that_is_none_is_one_sentence(url: str, capsys: pytest.CaptureFixture[str]):
    assert main(["--casebook", url]) == 2
    said = capsys.readouterr().err
    assert said.startswith("verify-case-log: CASEBOOK_URL ")
    assert "hunter2" not in said
    assert said.count("\n") == 1


def test_a_file_s_own_address_is_read_and_shown(file: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["--casebook", f"sqlite:///file:{file}?uri=true"]) == 0
    assert capsys.readouterr().out.endswith(f"; casebook sqlite:///{file}.\n")


def test_another_driver_than_the_casebook_s_is_refused(file: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["--casebook", f"sqlite+aiosqlite:///{file}"]) == 2
    said = capsys.readouterr().err
    assert said == "verify-case-log: CASEBOOK_URL must begin with sqlite:///, not with 'sqlite+aiosqlite:'.\n"


def test_a_casebook_of_a_newer_release_is_left_alone(file: Path, tamper: Tamper, capsys: pytest.CaptureFixture[str]):
    tamper("UPDATE casebook_version SET version_num = '9999'")
    assert main(casebook(file)) == 2
    assert "another release" in capsys.readouterr().err


def test_a_file_of_anchors_that_is_none_is_refused(file: Path, tmp_path: Path):
    anchor = tmp_path / "anchor"
    anchor.write_text("not an anchor\n")
    assert main(casebook(file, "--anchor", str(anchor))) == 2
    assert anchor.read_text() == "not an anchor\n"


def test_the_script_itself_runs_from_anywhere(file: Path, tmp_path: Path):
    environment = {**os.environ, "CASEBOOK_URL": f"sqlite:///{file}"}
    command = [str(ROOT / "scripts" / "verify-case-log")]
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("Intact: ")


def record_accesses(file: Path, number: int) -> None:
    engine = open_engine(f"sqlite:///{file}")
    accesses = AccessApi(Transactions(engine))
    accesses.record([seen_each_time(NOON, f"person-{each}", "accesses_read") for each in range(number)])
    engine.dispose()


def test_cut_off_access_record_differs_from_its_anchor(
    file: Path, tamper: Tamper, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    anchors = tmp_path / "anchors.jsonl"
    # As a release wrote it that had no access record.
    assert main(casebook(file, "--anchor", str(anchors))) == 0
    assert "access" not in anchors.read_text()
    record_accesses(file, 3)
    assert main(casebook(file, "--anchor", str(anchors))) == 0
    assert len(anchors.read_text().splitlines()) == 2
    record_accesses(file, 1)
    assert main(casebook(file, "--anchor", str(anchors))) == 0
    assert ", 4 accesses, 0 desk changes, 0 security events; " in capsys.readouterr().out

    # Whoever cuts lines off can bend the end of the record, too.
    tamper("DELETE FROM access WHERE number = 4")
    assert main(casebook(file)) == 1
    assert capsys.readouterr().out.startswith(
        "Broken: access: the access record ends with line 3, but line 4 as its last is on record.\n"
    )
    tamper("UPDATE access_head SET last_number = 3, last_hash = (SELECT hash FROM access WHERE number = 3)")
    assert main(casebook(file)) == 0
    capsys.readouterr()
    assert main(casebook(file, "--anchor", str(anchors))) == 1
    assert capsys.readouterr().out.startswith(
        "Broken: the access record up to line 4 is not the one that was anchored at "
    )


def test_changed_access_is_named(file: Path, tamper: Tamper, capsys: pytest.CaptureFixture[str]):
    record_accesses(file, 3)
    tamper("UPDATE access SET subject = 'mallory' WHERE number = 2")
    assert main(casebook(file)) == 1
    assert capsys.readouterr().out.startswith(
        "Broken: access '2': its content is not what was linked to the line before it.\n"
    )


def test_rewritten_desk_log_differs_from_its_anchor(
    file: Path, tamper: Tamper, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    anchors = tmp_path / "anchors.jsonl"
    save_view(file, "ana")
    assert main(casebook(file, "--anchor", str(anchors))) == 0
    assert ", 1 desk changes, 0 security events; " in capsys.readouterr().out
    tamper("UPDATE desk_change SET actor = 'mallory'")
    assert main(casebook(file)) == 1
    said = capsys.readouterr().out
    assert said.startswith("Broken: desk_change '1': its content is not what was linked to the line before it.")
    tamper("DELETE FROM desk_change")
    tamper("DELETE FROM saved_view")
    tamper("UPDATE desk_log_head SET last_number = 0, last_hash = NULL")
    save_view(file, "mallory")
    assert main(casebook(file)) == 0
    assert main(casebook(file, "--anchor", str(anchors))) == 1
    assert "Broken: the desk log up to line 1 is not the one that was anchored at " in capsys.readouterr().out


def save_view(file: Path, subject: str) -> None:
    engine = open_engine(f"sqlite:///{file}")
    DeskApi(Transactions(engine)).save_view(subject, "Urgent", CaseQuery(overdue=True))
    engine.dispose()
