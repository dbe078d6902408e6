"""`scripts/verify-case-log`: verifies a casebook, or exported cases, without any other process."""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from casebook.audit.verify import AuditReport, LineRecord
from casebook.audit.verify_export import NotAnExport, verify_export
from casebook.case_log.hash_chain import BrokenLink
from casebook.database.engine import open_engine, require_current
from casebook.database.transactions import Transactions
from casebook.errors import CasebookUnavailable
from casebook.record_api import RecordApi
from contracts.addresses import without_credentials
from runtime.files import keep_private
from runtime.secret_sources import SecretUnreadable, with_files_read

INTACT, BROKEN, UNVERIFIED = 0, 1, 2

_CALLED: Mapping[LineRecord, tuple[str, str]] = {
    "access": ("accesses", "access record"),
    "change": ("desk changes", "desk log"),
    "security": ("security events", "security log"),
}
"""What the lines of a record are called, and the record itself."""

SETTING = "CASEBOOK_URL"
DEFAULT_CASEBOOK = "sqlite:///.casewright/casebook.db"

EPILOG = (
    f"Which casebook: --casebook, or else {SETTING}, or else {DEFAULT_CASEBOOK}; what was verified is named. "
    "Exit status: 0 everything is as its log says; 1 something is not, and the first of it is named; "
    "2 it could not be verified."
)


class CannotVerify(Exception):
    """What was asked for cannot be verified; one sentence."""


Lines: TypeAlias = Mapping[LineRecord, tuple[int, str | None]]
"""Number and hash of the last line of each record; 0 where there was none."""


@dataclass(frozen=True)
class Anchor:
    """What the log, and each record that is no part of any case, were at one time."""

    seq: int
    digest: str
    at: str
    lines: Lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Verifies, says one sentence per casebook or file, and returns the exit status."""
    asked = _parser().parse_args(arguments)
    keep_private()
    try:
        if asked.export:
            return max(_verify_file(path) for path in asked.export)
        return _verify_casebook(_which(asked.casebook), asked.anchor)
    except (CannotVerify, CasebookUnavailable) as error:
        sys.stderr.write(f"verify-case-log: {error}\n")
        return UNVERIFIED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/verify-case-log",
        description="Verify that nothing in a casebook, or in exported cases, was changed, removed, added or moved.",
        epilog=EPILOG,
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--casebook", metavar="URL", help=f"default: {SETTING}, or {DEFAULT_CASEBOOK} without it")
    source.add_argument("--export", metavar="FILE", type=Path, nargs="+", help="exported cases, as JSON")
    parser.add_argument(
        "--anchor",
        metavar="FILE",
        type=Path,
        help="compare the casebook with what this file says it was, then add what it is now; keep it elsewhere",
    )
    return parser


def _which(named: str | None) -> str:
    """The casebook that is meant: what the parts of the product themselves would open, unless one is named."""
    return named or _given().strip() or DEFAULT_CASEBOOK


def _given() -> str:
    try:
        return with_files_read(os.environ, [SETTING]).get(SETTING, "")
    except SecretUnreadable as fault:
        raise CannotVerify(str(fault)) from None


def _verify_file(path: Path) -> int:
    try:
        check = verify_export(path.read_bytes())
    except OSError as error:
        raise CannotVerify(f"'{path}' cannot be read ({error.strerror}).") from None
    except NotAnExport as error:
        raise CannotVerify(f"'{path}' is no exported case: {error}.") from None
    if check.broken is not None:
        return _say_broken(f"{path}: ", check.broken)
    _say(f"{path}: intact: case '{check.case_id}', {check.rows} rows, last event {check.last_seq} {check.head}.")
    return INTACT


def _verify_casebook(url: str, anchor_file: Path | None) -> int:
    anchors = [] if anchor_file is None else _read_anchors(anchor_file)
    report = _audit(url, anchors)
    which = f"casebook {_shown(url)}"
    for anchor in anchors:
        changed = _changed_since(anchor, report)
        if changed is not None:
            _say(f"Broken: the {changed} is not the one that was anchored at {anchor.at}.")
            _say(f"Verified: {report.cases} cases, {report.events} events; {which}.")
            return BROKEN
    if report.broken is not None:
        _say_broken("", report.broken)
        _say(f"Verified: {report.cases} cases, {report.events} events; {which}.")
        return BROKEN
    last = max(report.digests)
    ends: Lines = {record: (audit.lines, audit.digests.get(audit.lines)) for record, audit in report.lines.items()}
    now = Anchor(last, report.digests[last], _now(), ends)
    if anchor_file is not None and _says_more(now, anchors):
        _add_anchor(anchor_file, now)
    counted = ", ".join(f"{ends[record][0]} {name}" for record, (name, _) in _CALLED.items())
    _say(
        f"Intact: {report.cases} cases, {report.events} events, {report.rows} rows, {counted}; "
        f"digest {report.digests[last]}; {which}."
    )
    if report.purged:
        _say(f"Of {report.purged} cases that were purged, the tombstones are as the desk log says.")
    if report.refused:
        _say(
            f"{report.refused} attempts at what nothing on record justifies were refused; each case's audit names them."
        )
    return INTACT


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _changed_since(anchor: Anchor, report: AuditReport) -> str | None:
    """What is not as it was anchored; None when all of it is."""
    if report.digests.get(anchor.seq) != anchor.digest:
        return f"log up to event {anchor.seq}"
    for record, (number, digest) in anchor.lines.items():
        audit = report.lines[record]
        # What has been purged since was verified while it was kept.
        if number > audit.purged and audit.digests.get(number) != digest:
            return f"{_CALLED[record][1]} up to line {number}"
    return None


def _says_more(now: Anchor, anchors: Sequence[Anchor]) -> bool:
    if now.seq > max((each.seq for each in anchors), default=0):
        return True
    return any(
        number > max((each.lines.get(record, (0, None))[0] for each in anchors), default=0)
        for record, (number, _) in now.lines.items()
    )


def _shown(url: str) -> str:
    """Which casebook, without credentials, and wherever this was run."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        return f"sqlite:///{_file(parsed.database).absolute()}"
    return without_credentials(url)


def _file(database: str) -> Path:
    """SQLite's file, which may be named by an address of its own."""
    return Path(database.removeprefix("file:").partition("?")[0]) if database.startswith("file:") else Path(database)


def _audit(url: str, anchors: Sequence[Anchor]) -> AuditReport:
    _require_file(url)
    engine = open_engine(url)
    try:
        require_current(engine)
        record = RecordApi(Transactions(engine))
        numbers: dict[LineRecord, list[int]] = {
            name: [each.lines[name][0] for each in anchors if name in each.lines] for name in _CALLED
        }
        return record.audit([each.seq for each in anchors], numbers)
    finally:
        engine.dispose()


def _require_file(url: str) -> None:
    """To open a SQLite file that is not there would make it."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # Said better by who opens it.
        return
    named = parsed.database or ""
    if parsed.get_backend_name() == "sqlite" and not _file(named).is_file():
        raise CannotVerify(f"There is no casebook '{named}': name one with --casebook or {SETTING}.")


def _read_anchors(path: Path) -> list[Anchor]:
    if not path.exists():
        return []
    try:
        said = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        return [_anchor_in(each) for each in said]
    except (OSError, ValueError, KeyError, TypeError):
        raise CannotVerify(f"'{path}' is no file of anchors: each line is one that --anchor wrote.") from None


def _anchor_in(said: dict[str, Any]) -> Anchor:
    # Anchors of earlier releases say nothing of records that there were not.
    ends: dict[LineRecord, tuple[int, str | None]] = {}
    for record in _CALLED:
        if record in said:
            digest = said.get(f"{record}_hash")
            ends[record] = (int(said[record]), None if digest is None else str(digest))
    return Anchor(int(said["seq"]), str(said["digest"]), str(said["at"]), ends)


def _add_anchor(path: Path, anchor: Anchor) -> None:
    said: dict[str, Any] = {"at": anchor.at, "seq": anchor.seq, "digest": anchor.digest}
    for record, (number, digest) in anchor.lines.items():
        if number:
            said |= {record: number, f"{record}_hash": digest}
    line = json.dumps(said)
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
    except OSError as error:
        raise CannotVerify(f"The anchor '{path}' cannot be written ({error.strerror}).") from None


def _say_broken(where: str, broken: BrokenLink) -> int:
    case = f"case '{broken.case_id}', " if broken.case_id else ""
    _say(f"{where}Broken: {case}{broken.place}: {broken.reason}.")
    return BROKEN


def _say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")


if __name__ == "__main__":
    sys.exit(main())
