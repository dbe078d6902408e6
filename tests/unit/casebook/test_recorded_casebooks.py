"""What release 1.0 left behind goes on today: it verifies, waits, is decided and closes."""

import gzip
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from sqlalchemy import Boolean, Column, DateTime, Engine, LargeBinary, MetaData, delete, insert, select

from casebook.audit.verify_export import verify_export
from casebook.case_log.hash_chain import BrokenLink, ChainCheck
from casebook.database import engine as module
from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.policy.alert_joins import JoinPolicy, JoinRule
from casebook.workspace_api import WorkspaceApi
from contracts.alert import Alert
from contracts.case import CaseEvent, CaseOutcome
from contracts.effect import Effect
from contracts.fraud_case import FraudCaseView
from contracts.review import Decision, Verdict
from tests.support.casebooks import CaseBook
from tests.support.postgres import PostgresServer
from tests.unit.casebook.builders import (
    MANAGER,
    REASON,
    SteppingClock,
    an_alert,
    an_opening,
    closing,
    investigate,
)
from tests.unit.casebook.conftest import Fill, Templates

RECORDED = Path(__file__).parent / "recorded" / "1.0"
FIRST, *LINES = gzip.decompress((RECORDED / "rows.jsonl.gz").read_bytes()).decode().splitlines()
CASES: dict[str, str] = json.loads(FIRST)["cases"]
ROWS: list[dict[str, Any]] = [json.loads(line) for line in LINES]
LAST_AT = max(datetime.fromisoformat(each["row"]["at"]) for each in ROWS if each["table"] == "case_event")
CLOSED = ("cleared by itself", "locked", "reversed", "reversal requested", "failed")
OPEN = tuple(name for name in CASES if name not in CLOSED)
TAKES_ALERTS = (
    "unscheduled",
    "some reports",
    "assessed",
    "awaiting review",
    "first of two approvals",
    "rejected",
    "in its second round",
    "asked again",
    "escalated",
)
ORDERED = ("acting", "in doubt", "half done")
ROOM = Path(module.__file__).parent / "migrations"


class Recorded(Templates):
    """The recorded casebook in the schema of its release, and as the upgrade leaves it: with `upgraded`."""

    def get(self, fill: Fill | None) -> str:
        if fill not in self._made:
            place = self._new()
            engine = open_engine(self._url(place))
            with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as release:
                release.setattr(module, "_MIGRATIONS", migrations_of_release(Path(folder) / "migrations"))
                upgrade(engine)
            load(engine)
            if fill is not None:
                upgrade(engine)
            engine.dispose()
            self._made[fill] = place
        return self._made[fill]


def migrations_of_release(folder: Path) -> Path:
    """Those of release 1.0 alone."""
    shutil.copytree(ROOM, folder)
    for later in (folder / "versions").glob("*.py"):
        if not later.name.startswith("0001"):
            later.unlink()
    return folder


@pytest.fixture(scope="module")
def sqlite_templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    return Recorded(lambda: str(tmp_path_factory.mktemp("recorded") / "casebook.db"), "sqlite:///{}".format)


@pytest.fixture(scope="module")
def postgres_templates(postgres: PostgresServer) -> Templates:
    return Recorded(postgres.create_database, postgres.url)


def upgraded(book: CaseBook) -> None:
    """Names the template that is upgraded."""


@pytest.fixture
def fill(request: pytest.FixtureRequest) -> Fill | None:
    return upgraded if "book" in request.fixturenames else None


@pytest.fixture
def book(engine: Engine) -> CaseBook:
    """The recorded casebook after the upgrade, a minute after its last event."""
    joins = JoinPolicy(JoinRule(hours=24.0 * 30))
    return CaseBook(Transactions(engine, SteppingClock(LAST_AT + timedelta(minutes=1))), joins=joins)


def load(engine: Engine) -> None:
    tables = MetaData()
    tables.reflect(engine, only=sorted({each["table"] for each in ROWS}))
    with engine.begin() as connection:
        for table in reversed(tables.sorted_tables):
            connection.execute(delete(table))
        for table in tables.sorted_tables:
            rows = [
                {name: _typed(cast("Column[Any]", table.c[name]), value) for name, value in each["row"].items()}
                for each in ROWS
                if each["table"] == table.name
            ]
            connection.execute(insert(table), rows)


def _typed(column: "Column[Any]", value: Any) -> Any:
    kind = column.type
    if value is None:
        return None
    if isinstance(kind, DateTime):
        at = datetime.fromisoformat(value)
        return at if kind.timezone else at.replace(tzinfo=None)
    if isinstance(kind, Boolean):
        return bool(value)
    return bytes.fromhex(value) if isinstance(kind, LargeBinary) else value


def logged(engine: Engine) -> list[dict[str, Any]]:
    """The log, word for word."""
    tables = MetaData()
    tables.reflect(engine, only=["case_event"])
    log = tables.tables["case_event"]
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(select(log).order_by(log.c.seq)).mappings()]


def broken_links(log: list[dict[str, Any]]) -> list[BrokenLink]:
    """What is wrong with the chains of all cases, by the log alone."""
    chains: dict[str, ChainCheck] = {}
    broken: list[BrokenLink | None] = []
    for row in log:
        at = row["at"].replace(tzinfo=row["at"].tzinfo or UTC)
        fields = {name: row[name] for name in ("seq", "case_id", "type", "actor", "prev_hash", "hash")}
        event = CaseEvent.model_validate({**fields, "at": at, "data": json.loads(row["data"])})
        broken.append(chains.setdefault(event.case_id, ChainCheck()).follow(event))
    assert len(chains) == len(CASES)
    return [link for link in broken if link is not None]


def later_alert(case: str) -> Alert:
    """Another alert of the customer of a recorded case."""
    number = int(case.rpartition("-")[2])
    alert = an_alert(1_000 + number)
    return Alert.model_validate(
        {**alert.model_dump(), "customer_id": number, "trigger_events": (), "recent_events": ()}
    )


def ask_again(book: CaseBook, case: str) -> FraudCaseView:
    """Whatever is missing up to an open question."""
    view = book.get_fraud_case(case)
    decided = view.decisions[-1] if view.decisions else None
    is_decided = decided is not None and int(decided.review_id.rpartition(":r")[2]) == view.round
    if view.review is not None or (is_decided and decided is not None and decided.verdict == "approve"):
        return view
    number = view.round + 1 if is_decided else view.round
    investigate(book, case, number)
    if any(each.round is None for each in book.get_fraud_case(case).alerts):
        investigate(book, case, number + 1)
    book.open_review(an_opening(case, book.get_fraud_case(case).assessment))
    return book.get_fraud_case(case)


def answer(book: CaseBook, case: str, verdict: Verdict = "approve") -> None:
    """A manager's answer to the open question."""
    view = book.get_fraud_case(case)
    assert view.review is not None
    assert view.assessment is not None
    action = "lock_account" if view.proposal is None else view.proposal.action
    said = Decision(
        review_id=view.review.review_id,
        assessment_hash=view.review.assessment_hash,
        verdict=verdict,
        action=action if verdict == "approve" else None,
        feedback=None if verdict == "approve" else "Look at the roaming package.",
        reason_code=REASON if verdict == "approve" and action != view.assessment.recommended_action else None,
        decided_by="cleo" if view.claim is None else view.claim.assignee,
        decided_at=book.transactions.now(),
        disposition="confirmed_fraud" if verdict == "approve" else "inconclusive",
    )
    assert isinstance(book.accept_decision(said, MANAGER), Decision)


def carry_out(book: CaseBook, case: str) -> FraudCaseView:
    """What was approved, up to the end of the case."""
    view = book.get_fraud_case(case)
    approved = book.approved_action(case, view.decisions[-1].review_id)
    for action, key in approved.keys.items():
        effect = Effect.model_validate({"key": key, "action": action, "status": "pending"})
        book.start_effect(case, effect)
        book.finish_effect(case, effect.model_copy(update={"status": "done"}))
    outcome: CaseOutcome = "locked_and_refunded" if len(approved.keys) > 1 else "account_locked"
    book.close_case(closing(case, outcome, view.round))
    return book.get_fraud_case(case)


def test_chains_verify_before_and_after_the_upgrade(engine: Engine) -> None:
    before = logged(engine)
    assert broken_links(before) == []

    upgrade(engine)

    assert logged(engine) == before
    assert CaseBook(Transactions(engine)).verify_case_log() is None


@pytest.mark.parametrize("name", OPEN)
def test_open_case_waits_is_decided_and_closes(book: CaseBook, name: str) -> None:
    case = CASES[name]
    before = book.get_fraud_case(case)
    if ask_again(book, case).review is not None:
        answer(book, case)
    closed = carry_out(book, case)

    assert (closed.state, {effect.status for effect in closed.effects}) == ("closed", {"done"})
    assert closed.decisions[: len(before.decisions)] == before.decisions
    assert book.verify_case_log() is None


@pytest.mark.parametrize("name", ["awaiting review", "asked again", "escalated"])
def test_open_question_is_what_it_was(book: CaseBook, name: str) -> None:
    (row,) = (each["row"] for each in ROWS if each["table"] == "review" and _is_open(each["row"], CASES[name]))
    review = book.get_fraud_case(CASES[name]).review
    assert review is not None
    assert (review.review_id, review.assessment_hash, review.required_role, review.due_at) == (
        row["review_id"],
        row["assessment_hash"],
        row["required_role"],
        datetime.fromisoformat(row["due_at"]),
    )


def _is_open(row: dict[str, Any], case: str) -> bool:
    return row["case_id"] == case and row["status"] == "open"


@pytest.mark.parametrize("name", OPEN)
def test_further_alert_joins_an_old_case_or_follows(book: CaseBook, name: str) -> None:
    case = CASES[name]
    came = book.open_case(later_alert(case))
    assert (came.case_id == case, came.joined) == (name in TAKES_ALERTS, name in TAKES_ALERTS)
    assert book.open_case(an_alert(int(case.rpartition("-")[2]))).case_id == case
    if not came.joined:
        assert book.get_fraud_case(came.case_id).follows == case
    if ask_again(book, case).review is not None:
        answer(book, case)
    assert carry_out(book, case).state == "closed"
    assert len(book.get_fraud_case(case).alerts) == (2 if came.joined else 1)
    assert book.verify_case_log() is None


@pytest.mark.parametrize("name", CLOSED)
def test_alert_about_an_old_closed_case_follows_it(book: CaseBook, name: str) -> None:
    came = book.open_case(later_alert(CASES[name]))
    assert came.created
    assert book.get_fraud_case(came.case_id).follows == CASES[name]
    assert book.get_fraud_case(CASES[name]).followed_by == (came.case_id,)


@pytest.mark.parametrize("name", ORDERED)
def test_begun_effect_is_finished_under_its_key(book: CaseBook, name: str) -> None:
    case = CASES[name]
    view = book.get_fraud_case(case)
    approved = book.approved_action(case, view.decisions[-1].review_id)
    assert {each.key for each in view.effects} == set(approved.keys.values())
    (recorded,) = (each for each in view.effects if each.status != "done")
    book.finish_effect(case, recorded.model_copy(update={"status": "done"}))
    assert [each.key for each in book.get_fraud_case(case).effects] == [each.key for each in view.effects]


def test_old_request_of_a_reversal_is_decided(book: CaseBook) -> None:
    case = CASES["reversal requested"]
    reversal = book.decide_reversal(case, 1, "approve", None, subject="ben", roles=MANAGER)
    number = case.rpartition("-")[2]
    undone = Effect(key=f"{case}:unlock_account:{number}:1", action="unlock_account", status="pending")
    book.start_reversal(case, reversal.reversal_id, undone)
    book.finish_reversal(case, reversal.reversal_id, undone.model_copy(update={"status": "done"}))
    assert [each.status for each in book.get_fraud_case(case).reversals] == ["done"]
    assert book.verify_case_log() is None


@pytest.mark.parametrize("file", sorted(RECORDED.glob("*.json.gz")), ids=lambda file: file.name)
def test_old_export_verifies(file: Path) -> None:
    text = gzip.decompress(file.read_bytes())
    assert json.loads(text)["version"] == 1
    assert verify_export(text).broken is None
    changed = text.replace(b"Nobody travels", b"Somebody moves", 1)
    assert changed != text
    assert verify_export(changed).broken is not None


@pytest.mark.parametrize("name", ["escalated", "locked", "failed"])
def test_recorded_case_comes_under_a_legal_hold(book: CaseBook, workspace: WorkspaceApi, name: str) -> None:
    held = workspace.place_legal_hold(CASES[name], "maria", "The court asked for it.")
    assert workspace.get_case(CASES[name]).legal_hold == held
    workspace.lift_legal_hold(CASES[name], "maria", "It is over.")
    assert book.verify_case_log() is None
