"""Several cases about one account: through the worker's steps, each with a casebook, and the real customer store."""

import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from casebook.chat_api import ChatApi
from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.schedules_api import SchedulesApi
from casebook.tasks_api import TasksApi
from contracts.actions import RecommendedAction
from contracts.charges import known_charges
from contracts.effect import Effect
from contracts.hashing import content_hash
from contracts.ids import case_id, review_id
from contracts.money import Money
from contracts.refunds import ChosenRefund
from contracts.report import Evidence, ToolCall
from contracts.review import Decision, ReviewRequest
from contracts.steps import CheckFactsInput, ExecuteActionInput, ReversalOrder, ReviewQuestion, RoundInput
from mcp_server.contoso.generator import generate
from mcp_server.store.sqlite.store import SqliteCustomerStore
from tests.support.casebooks import CaseBook
from tests.unit.mcp_server.support import AS_OF, SEED
from tests.unit.worker.support.agents import ScriptedModel
from tests.unit.worker.support.cases import (
    NOON,
    a_decision,
    a_policy,
    a_report,
    an_alert,
    an_assessment,
    evidence_behind,
    three_reports,
)
from tests.unit.worker.support.real_store import RealStore
from tests.unit.worker.support.record import CTX
from worker.agents.limits import Limits
from worker.domain.facts import refund_total
from worker.ports.tools import ToolInvocation
from worker.wiring import wire_activities

CUSTOMER = 12
DAYS = 120


class Desk:
    """One case about the customer, in a casebook of its own, and one person who works on it."""

    def __init__(self, name: str, person: str, book: CaseBook, store: SqliteCustomerStore) -> None:
        self.case, self.person, self.book, self.store = case_id(name), person, book, RealStore(store)
        records = (ChatApi(book.transactions), TasksApi(book.transactions), SchedulesApi(book.transactions))
        steps = wire_activities(book, *records, ScriptedModel([]), self.store, self.store, a_policy(), Limits())
        self._steps: dict[str, Callable[..., Any]] = {step.__name__: step for step in steps}
        book.open_case(an_alert(name, customer_id=CUSTOMER))
        book.start_round(self.case, 1, a_policy())

    def conclude(self, *charge_ids: str) -> None:
        """The investigation has seen the charges, and names these as suspicious."""
        (shown,) = self.store.invoke(
            [ToolInvocation(tool="get_recent_charges", arguments={"customer_id": CUSTOMER, "days": DAYS})], 30
        )
        call = ToolCall(
            tool_call_id="r1-billing-1",
            tool="get_recent_charges",
            arguments={},
            ok=True,
            result_hash=content_hash({"result": shown.result}),
            duration_ms=1,
        )
        seen = Evidence(
            evidence_id=call.tool_call_id,
            tool=call.tool,
            arguments={},
            ok=True,
            result=shown.result,
            recorded_at=NOON,
        )
        reports = (*three_reports()[:2], a_report("billing", tool_calls=(call,)))
        for report in reports:
            evidence = (seen,) if report.specialist == "billing" else evidence_behind(report)
            self.book.save_report(self.case, report, evidence)
        assessment = an_assessment(0.9, "refund_charges", reports=reports)
        total = refund_total(charge_ids, known_charges([seen]))
        self.book.save_assessment(
            self.case, assessment.model_copy(update={"refund_charge_ids": charge_ids, "refund_total": total})
        )

    def approve(
        self,
        action: RecommendedAction = "refund_charges",
        number: int = 1,
        refunds: tuple[ChosenRefund, ...] | None = None,
    ) -> None:
        """The person is asked about the round, and approves, all of it or what is chosen."""
        now = self.book.transactions.now()
        question = ReviewQuestion(case_id=self.case, round=number, required_role="analyst", asked_at=now)
        asked: ReviewRequest = self._step("ask_person", question)
        shown = self.book.get_fraud_case(self.case).assessment
        assert shown is not None
        answer = a_decision(
            asked.review_id, shown, action=action, decided_by=self.person, decided_at=now, refunds=refunds
        )
        assert isinstance(self.book.accept_decision(answer, ("manager",)), Decision)
        assert not self.has_changed(number)

    def act(self, action: RecommendedAction = "refund_charges", number: int = 1) -> Effect:
        """What was approved is carried out: the last of its effects."""
        order = ExecuteActionInput(case_id=self.case, review_id=review_id(self.case, number), action=action)
        self._step("execute_action", order)
        return self.book.effects_of(self.case)[-1]

    def has_changed(self, number: int = 1, *, after_refusal: bool = False) -> bool:
        check = CheckFactsInput(case_id=self.case, review_id=review_id(self.case, number), after_refusal=after_refusal)
        return self._step("check_facts", check).has_changed

    def note_changes(self, number: int = 1) -> list[str]:
        """The approval of the round allows nothing any more: what the record says of it."""
        assert self.has_changed(number, after_refusal=True)
        self._step("note_changed_facts", RoundInput(case_id=self.case, round=number))
        return self.book.case_events(self.case)[-1].data["changes"]  # type: ignore[return-value]

    def reverse(self, effect: Effect) -> Effect:
        """The effect is asked back, and that approved and carried out."""
        asked = self.book.request_reversal(self.case, effect.key, "It was them.", subject="ana", roles=("analyst",))
        number = int(asked.reversal_id.rsplit(":", 1)[-1])
        self.book.decide_reversal(self.case, number, "approve", None, subject="maria", roles=("manager",))
        order = ReversalOrder(case_id=self.case, reversal_id=asked.reversal_id, undoes=effect.key)
        self._step("execute_reversal", order)
        done = self.book.get_fraud_case(self.case).reversals[-1].effect
        assert done is not None
        return done

    def _step(self, name: str, order: object) -> Any:
        return self._steps[name](CTX, order)


class Desks:
    """Desks that share one new customer store, each with a connection of its own to it."""

    def __init__(self, folder: Path, new_store: Path, new_casebook: Path, stack: ExitStack) -> None:
        self._folder, self._new_casebook, self._stack = folder, new_casebook, stack
        self._path = Path(shutil.copy(new_store, folder / "customers.db"))
        self.store = self._connect()
        self.charges = [charge.charge_id for charge in self.store.charges(CUSTOMER, DAYS) if charge.status == "posted"]

    def open(self, name: str, person: str) -> Desk:
        engine = open_engine(f"sqlite:///{shutil.copy(self._new_casebook, self._folder / f'{name}.db')}")
        self._stack.callback(engine.dispose)
        return Desk(name, person, CaseBook(Transactions(engine)), self._connect())

    def _connect(self) -> SqliteCustomerStore:
        return self._stack.enter_context(closing(SqliteCustomerStore(self._path, lambda: generate(SEED, AS_OF))))


@pytest.fixture(scope="module")
def new_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A customer store in which nothing was done."""
    path = tmp_path_factory.mktemp("store") / "customers.db"
    SqliteCustomerStore(path, lambda: generate(SEED, AS_OF)).close()
    return path


@pytest.fixture(scope="module")
def new_casebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("casebook") / "casebook.db"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


@pytest.fixture
def desks(tmp_path: Path, new_store: Path, new_casebook: Path) -> Iterator[Desks]:
    with ExitStack() as stack:
        yield Desks(tmp_path, new_store, new_casebook, stack)


def test_second_refund_is_told_and_may_do_the_rest(desks: Desks) -> None:
    one, two, three = desks.charges[:3]
    first, second = desks.open("first", "ana"), desks.open("second", "ben")
    for desk, charges in ((first, (one, two)), (second, (two, three))):
        desk.conclude(*charges)
        desk.approve()

    assert first.act().status == "done"
    refused = second.act()
    changes = second.note_changes()
    second.approve(number=2)
    rest = second.act(number=2)

    assert refused.status == "failed"
    assert refused.result is not None
    who = f"by {first.case}, approved by ana"
    assert str(refused.result["error"]).startswith(f"Charge {two} was already refunded at ")
    assert f"Z {who}: nothing was refunded, leave it out." in str(refused.result["error"])
    (change,) = changes
    assert change.startswith(f"Charge {two} cannot be refunded: it was refunded at ")
    assert change.endswith(f"Z {who}.")
    assert rest.status == "done"
    given = [(refund.charge_id, refund.idempotency_key) for refund in desks.store.account_effects(CUSTOMER).refunds]
    keys = [f"{desk.case}:refund_charges:{CUSTOMER}" for desk in (first, first, second)]
    assert given == [*zip(sorted((one, two)), keys[:2], strict=True), (three, keys[2])]


def test_charge_is_refunded_again_after_its_refund_was_reversed(desks: Desks) -> None:
    charge = desks.charges[0]
    first, second = desks.open("first", "ana"), desks.open("second", "ben")
    first.conclude(charge)
    first.approve()
    assert first.reverse(first.act()).status == "done"
    second.conclude(charge)
    second.approve()

    assert second.act().status == "done"
    assert [refund.reversed_at is None for refund in desks.store.account_effects(CUSTOMER).refunds] == [False, True]


def test_chosen_parts_of_a_charge_add_up_to_it(desks: Desks) -> None:
    charge, other = desks.charges[:2]
    first, second, third = desks.open("first", "ana"), desks.open("second", "ben"), desks.open("third", "eve")
    (whole,) = [each for each in desks.store.charges(CUSTOMER, DAYS) if each.charge_id == charge]
    part = ChosenRefund(charge_id=charge, amount=Money(amount_minor=whole.amount_minor - 1, currency=whole.currency))
    first.conclude(charge, other)
    third.conclude(charge)
    first.approve(refunds=(part,))
    third.approve(refunds=(part,))

    given = first.act()
    second.conclude(charge)
    second.approve()
    rest = second.act()
    refused = third.act()

    assert [effect.status for effect in (given, rest, refused)] == ["done", "done", "failed"]
    amounts = [(refund.charge_id, refund.amount_minor) for refund in desks.store.account_effects(CUSTOMER).refunds]
    assert amounts == [(charge, whole.amount_minor - 1), (charge, 1)]
    assert f"by {first.case}, approved by ana and at " in str(refused.result)
    (change,) = third.note_changes()
    assert change.endswith(f" by {second.case}, approved by ben.")
    assert first.book.audit_case(first.case).broken is None


def test_what_is_left_of_a_choice_is_still_refunded(desks: Desks) -> None:
    charge = desks.charges[0]
    first, second = desks.open("first", "ana"), desks.open("second", "ben")
    (whole,) = [each for each in desks.store.charges(CUSTOMER, DAYS) if each.charge_id == charge]
    small = ChosenRefund(charge_id=charge, amount=Money(amount_minor=10, currency=whole.currency))
    for desk in (first, second):
        desk.conclude(charge)
        desk.approve(refunds=(small,))

    # Each asks for a part, and both parts are there: neither approval is void.
    assert [desk.act().status for desk in (first, second)] == ["done", "done"]


def test_account_opens_when_the_last_approval_is_taken_back(desks: Desks) -> None:
    first, second = desks.open("first", "ana"), desks.open("second", "ben")
    for desk in (first, second):
        desk.conclude()
        desk.approve("lock_account")

    locked, again = first.act("lock_account"), second.act("lock_account")

    assert (locked.status, locked.already, again.status) == ("done", None, "done")
    assert again.already is not None
    assert [(order.case_id, order.approved_by) for order in again.already] == [(first.case, "ana")]
    assert not second.has_changed()
    first.reverse(locked)
    assert desks.store.customer(CUSTOMER).status == "locked"
    second.reverse(again)
    assert desks.store.customer(CUSTOMER).status == "active"


@pytest.mark.parametrize("times", [5, pytest.param(200, marks=pytest.mark.long)])
def test_two_people_two_cases_and_one_charge_refund_once(
    times: int, tmp_path: Path, new_store: Path, new_casebook: Path
) -> None:
    for number in range(times):
        folder = tmp_path / str(number)
        folder.mkdir()
        with ExitStack() as stack:
            race_for_one_charge(Desks(folder, new_store, new_casebook, stack))
        shutil.rmtree(folder)


def race_for_one_charge(desks: Desks) -> None:
    charge = desks.charges[0]
    pair = desks.open("first", "ana"), desks.open("second", "ben")
    for desk in pair:
        desk.conclude(charge)
        desk.approve()
    ready = threading.Barrier(len(pair))

    def act(desk: Desk) -> Effect:
        ready.wait(60)
        return desk.act()

    with ThreadPoolExecutor(len(pair)) as people:
        effects = list(people.map(act, pair))

    done = [effect.status for effect in effects].index("done")
    winner, loser = pair[done], pair[1 - done]
    (refund,) = desks.store.account_effects(CUSTOMER).refunds
    assert (refund.charge_id, refund.idempotency_key) == (charge, effects[done].key)
    refused = effects[1 - done]
    assert refused.status == "failed"
    assert f" by {winner.case}, approved by {winner.person}: nothing" in str(refused.result)
    (change,) = loser.note_changes()
    assert change.endswith(f" by {winner.case}, approved by {winner.person}.")
    assert winner.book.audit_case(winner.case).broken is None
    assert loser.book.audit_case(loser.case).broken is None
