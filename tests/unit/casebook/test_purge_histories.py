"""Whatever happened before, and wherever a purge is killed: the audit is whole, and nothing of purged cases is left."""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Connection, Engine, inspect, text

from casebook.commands import purges
from casebook.commands.attachments import Upload
from casebook.errors import CasebookError
from casebook.policy.alert_joins import JoinPolicy, JoinRule
from casebook.retention_api import RetentionApi
from casebook.schema.base import PlainRow
from casebook.workspace_api import WorkspaceApi
from contracts.actions import RecommendedAction
from contracts.fraud_case import FraudCaseView
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    SteppingClock,
    a_decision,
    an_alert,
    ask,
    carry_out,
    closing,
    later,
)

DAYS = 30
STEPS = 60
CUSTOMERS = 12
PURGES = (3, 4)
"""Which of the steps are purges."""


class Killed(Exception):
    """The process ended in the middle of a purge."""


class Story:
    """Plays at random with a casebook, and remembers what was planted where."""

    def __init__(self, book: CaseBook, clock: SteppingClock, seed: int, patch: pytest.MonkeyPatch) -> None:
        self.book = CaseBook(book.transactions, joins=JoinPolicy(JoinRule(hours=72), {}))
        self.workspace, self.retention = WorkspaceApi(book.transactions), RetentionApi(book.transactions)
        self.clock, self.random, self.patch = clock, Random(seed), patch
        self.words: dict[str, set[str]] = {}
        self.alerts = self.planted = 0

    def word(self, case: str) -> str:
        """A word that stands nowhere else, and belongs to this case."""
        self.planted += 1
        said = f"zq{self.planted:04}xerxes"
        self.words.setdefault(case, set()).add(said)
        return said

    def open(self) -> None:
        self.alerts += 1
        said = f"zq{self.alerts:04}alert"
        make = self.random.choice((an_alert, later))
        changes = {"customer_id": self.random.randint(1, CUSTOMERS), "description": said}
        case = self.book.open_case(make(self.alerts).model_copy(update=changes)).case_id
        self.words.setdefault(case, set()).add(said)

    def note(self, case: FraudCaseView) -> None:
        self.workspace.add_note(case.case_id, "ana", self.word(case.case_id))

    def attach(self, case: FraudCaseView) -> None:
        file = f"{self.word(case.case_id)} ".encode() * self.random.choice((1, 2_000))
        self.workspace.add_attachment(case.case_id, "ana", Upload("call.txt", "text/plain", file))

    def decide(self, case: FraudCaseView, action: RecommendedAction) -> None:
        opening = ask(self.book, case.case_id, case.round)
        decision = a_decision(opening, action=action).model_copy(update={"decided_at": self.clock.now})
        self.book.accept_decision(decision, MANAGER)

    def clear(self, case: FraudCaseView) -> None:
        self.decide(case, "clear")
        self.book.close_case(closing(case.case_id, "cleared", case.round))

    def lock(self, case: FraudCaseView) -> None:
        self.decide(case, "lock_account")
        carry_out(self.book, case.case_id, self.random.choice(("done", "failed")))
        outcome = "account_locked" if self.book.get_fraud_case(case.case_id).effects[0].status == "done" else "failed"
        self.book.close_case(closing(case.case_id, outcome, case.round))

    def reopen(self, case: FraudCaseView) -> None:
        self.book.reopen_case(case.case_id, "ana", MANAGER, self.word(case.case_id))

    def merge(self, case: FraudCaseView) -> None:
        other = self.random.choice(self.cases()).case_id
        self.book.merge_cases(case.case_id, other, "ana", self.word(case.case_id))
        self.words.setdefault(other, set())

    def ask_back(self, case: FraudCaseView) -> None:
        said = self.word(case.case_id)
        self.book.request_reversal(case.case_id, case.effects[0].key, said, subject="ana", roles=MANAGER)
        self.book.decide_reversal(case.case_id, 1, "reject", said, subject="ben", roles=MANAGER)

    def wait(self) -> None:
        self.clock.now += timedelta(days=self.random.choice((1, DAYS // 2, DAYS + 1)))

    def purge(self) -> None:
        reached: int | None = 0
        while reached is not None:
            reached = self.retention.purge_cases("fraud", DAYS, reached).reached
            if self.random.random() < 0.3:
                return
        if self.random.random() < 0.5:
            self.retention.forget_words()

    def purge_and_die(self) -> None:
        real = purges.delete_content

        def die(connection: Connection, gone: list[PlainRow]) -> None:
            real(connection, gone)
            raise Killed

        with self.patch.context() as patch:
            patch.setattr(purges, "delete_content", die)
            with suppress(Killed):
                self.purge()

    def cases(self) -> list[FraudCaseView]:
        return [self.book.get_fraud_case(item.case_id) for item in self.book.list_cases(limit=500).items]

    def step(self) -> bool:
        """Something happens, unless the rules refuse it; whether it was a purge."""
        of_a_case = (self.note, self.attach, self.clear, self.clear, self.lock, self.reopen, self.merge, self.ask_back)
        of_none = (self.open, self.open, self.wait, self.purge, self.purge_and_die)
        number = self.random.randrange(len(of_a_case) + len(of_none))
        cases = self.cases()
        try:
            if number < len(of_none):
                of_none[number]()
            elif cases:
                of_a_case[number - len(of_none)](self.random.choice(cases))
        except (CasebookError, IndexError):
            pass  # nothing to ask back, for example
        return number in PURGES


def rows_with(engine: Engine, words: set[str]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    with engine.connect() as connection:
        for table in inspect(engine).get_table_names():
            rows = str(connection.execute(text(f'SELECT * FROM "{table}"')).all())
            found |= {(table, word) for word in words if word in rows}
    return found


def files_with(engine: Engine, words: set[str]) -> set[str]:
    """The words that can still be read in the files of a SQLite database."""
    if engine.dialect.name != "sqlite" or engine.url.database is None:
        return set()
    file = Path(engine.url.database)
    content = b"".join(each.read_bytes().lower() for each in file.parent.glob(f"{file.name}*"))
    return {word for word in words if word.encode() in content}


@pytest.mark.parametrize("seed", range(3))
def test_purged_at_any_moment_nothing_is_left(
    book: CaseBook, clock: SteppingClock, engine: Engine, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purges, "PURGED_AT_ONCE", 2)
    story = Story(book, clock, seed, monkeypatch)
    for _ in range(STEPS):
        if story.step():
            assert book.verify_case_log() is None
    for case in story.cases()[::2]:
        with suppress(CasebookError):
            story.clear(case)
    story.clock.now += timedelta(days=DAYS + 1)
    reached: int | None = 0
    while reached is not None:
        reached = story.retention.purge_cases("fraud", DAYS, reached).reached
    story.retention.forget_words()
    report = book.audit()
    left = {case.case_id for case in story.cases()}
    kept = {word for case in left for word in story.words.get(case, ())}
    gone = {word for case, words in story.words.items() if case not in left for word in words} - kept
    assert report.broken is None
    assert report.purged, "too little was purged to prove anything"
    assert rows_with(engine, kept), "nothing was kept to compare with"
    moved = {word for word in gone if word in str(story.cases())}
    assert rows_with(engine, gone - moved) == set()
    assert files_with(engine, gone - moved) == set()
