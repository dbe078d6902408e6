"""`scripts/verify-case-log`: verifies a casebook, or exported cases, without any other process."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from casebook.audit.verify import AuditReport
from casebook.audit.verify_export import NotAnExport, verify_export
from casebook.case_log.hash_chain import BrokenLink
from casebook.database.engine import open_engine, require_current
from casebook.database.transactions import Transactions
from casebook.errors import CasebookUnavailable
from casebook.record_api import RecordApi
from contracts.addresses import without_credentials

INTACT, BROKEN, UNVERIFIED = 0, 1, 2

SETTING = "CASEBOOK_URL"
DEFAULT_CASEBOOK = "sqlite:///.casewright/casebook.db"

EPILOG = (
    f"Which casebook: --casebook, or else {SETTING}, or else {DEFAULT_CASEBOOK}; what was verified is named. "
    "Exit status: 0 everything is as its log says; 1 something is not, and the first of it is named; "
    "2 it could not be verified."
)


class CannotVerify(Exception):
    """What was asked for cannot be verified; one sentence."""


@dataclass(frozen=True)
class Anchor:
    """What the log, the access record and the desk log were at one time."""

    seq: int
    digest: str
    at: str
    access: int = 0
    """The number of its last line; 0 where there was none."""
    access_hash: str | None = None
    change: int = 0
    """The number of the last line of the desk log, likewise."""
    change_hash: str | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Verifies, says one sentence per casebook or file, and returns the exit status."""
    asked = _parser().parse_args(arguments)
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
    return named or os.environ.get(SETTING, "").strip() or DEFAULT_CASEBOOK


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
    last, accesses, changes = max(report.digests), report.accesses, report.changes
    now = Anchor(
        last,
        report.digests[last],
        _now(),
        accesses.lines,
        accesses.digests.get(accesses.lines),
        changes.lines,
        changes.digests.get(changes.lines),
    )
    if anchor_file is not None and _says_more(now, anchors):
        _add_anchor(anchor_file, now)
    _say(
        f"Intact: {report.cases} cases, {report.events} events, {report.rows} rows, {accesses.lines} accesses, "
        f"{changes.lines} desk changes; digest {report.digests[last]}; {which}."
    )
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
    if anchor.access and report.accesses.digests.get(anchor.access) != anchor.access_hash:
        return f"access record up to line {anchor.access}"
    if anchor.change and report.changes.digests.get(anchor.change) != anchor.change_hash:
        return f"desk log up to line {anchor.change}"
    return None


def _says_more(now: Anchor, anchors: Sequence[Anchor]) -> bool:
    return any(
        getattr(now, name) > max((getattr(each, name) for each in anchors), default=0)
        for name in ("seq", "access", "change")
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
        return record.audit(
            [each.seq for each in anchors], [each.access for each in anchors], [each.change for each in anchors]
        )
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
    # Lines that were written before there was an access record, or a desk log, say nothing of it.
    ends = {name: (int(said.get(name, 0)), said.get(f"{name}_hash")) for name in ("access", "change")}
    (access, access_hash), (change, change_hash) = ends["access"], ends["change"]
    return Anchor(
        int(said["seq"]),
        str(said["digest"]),
        str(said["at"]),
        access,
        None if access_hash is None else str(access_hash),
        change,
        None if change_hash is None else str(change_hash),
    )


def _add_anchor(path: Path, anchor: Anchor) -> None:
    said: dict[str, Any] = {"at": anchor.at, "seq": anchor.seq, "digest": anchor.digest}
    if anchor.access:
        said |= {"access": anchor.access, "access_hash": anchor.access_hash}
    if anchor.change:
        said |= {"change": anchor.change, "change_hash": anchor.change_hash}
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
