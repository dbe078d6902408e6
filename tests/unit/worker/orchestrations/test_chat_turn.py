"""The orchestration of a turn on the SDK's in-memory backend, over a real record and a scripted model."""

import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from durabletask import task
from durabletask.client import TaskHubGrpcClient
from durabletask.testing import create_test_backend
from durabletask.worker import TaskHubGrpcWorker

from casebook.chat_api import ChatApi
from casebook.commands.chat_messages import NewMessage
from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions, utc_now
from casebook.errors import CaseClosed
from casebook.events_api import EventsApi
from casebook.policy.chat_limits import ChatLimits
from casebook.schedules_api import SchedulesApi
from casebook.tasks_api import TasksApi
from casebook.worker_api import WorkerApi
from contracts import names
from contracts.chat import REJECTED_REPLY
from contracts.investigation import InvestigationPolicy
from contracts.kinds.reply import REPLY, turn_instance
from contracts.review import Decision, ReviewRequest, Verdict
from contracts.steps import ChatTurnOrder
from tests.support.casebooks import CaseBook
from tests.support.ports import free_port
from tests.unit.casebook.builders import ANALYST
from tests.unit.casebook.replies import an_answer
from tests.unit.worker.agents.test_chat import reply
from tests.unit.worker.support.agents import FakeTools, ScriptedModel, Turn
from tests.unit.worker.support.lab import CONVERTER
from worker.agents.limits import Limits
from worker.domain.sensitivity import Keywords
from worker.orchestrations import activity_stubs
from worker.ports.model import ModelUnavailable
from worker.wiring import AssistantTerms, register, wire_activities

WAIT_S = 240
LIMITS = ChatLimits(per_minute=1_000, open_turns=1_000)
HOURS = InvestigationPolicy(approval_timeout_hours=1, escalation_timeout_hours=1)
URGENT = "This is urgent"


@dataclass(frozen=True)
class Desk:
    """A worker that answers messages, and the record that it writes."""

    client: TaskHubGrpcClient
    book: CaseBook
    chat: ChatApi
    model: ScriptedModel

    def post(self, text: str, number: int = 1, *turns: Turn) -> str:
        """Queue a message whose drafts the model will write."""
        self.model.turns += turns
        turn_id = f"turn-{number}"
        self.chat.post_message(NewMessage(turn_id, "bob", text, {}, (), None), LIMITS)
        return turn_id

    def start(self, turn_id: str) -> str:
        order = ChatTurnOrder(turn_id=turn_id)
        self.client.schedule_new_orchestration(
            names.CHAT_TURN, input=order, instance_id=turn_instance(turn_id), version=names.CHAT_TURN_VERSION
        )
        self.chat.confirm_scheduled([turn_id])
        return turn_id

    def outcome(self, turn_id: str) -> Any:
        state = self.client.wait_for_orchestration_completion(turn_instance(turn_id), timeout=WAIT_S)
        assert state is not None
        assert state.runtime_status.name == "COMPLETED", state.failure_details
        return CONVERTER.deserialize(state.serialized_output or "null")

    def question(self, turn_id: str, round_number: int = 1, role: str = "analyst") -> ReviewRequest:
        """What a person is asked about a turn, once they are."""

        def asked() -> ReviewRequest | None:
            view = self.book.get_case(case_id) if case_id in self._cases() else None
            review = None if view is None or view.round != round_number else view.review
            return review if review is not None and review.required_role == role else None

        case_id = REPLY.case_id(turn_id)
        return when(asked)

    def decide(self, question: ReviewRequest, verdict: Verdict = "approve") -> Decision:
        answer = an_answer(question, verdict).model_copy(update={"decided_at": utc_now()})
        decided = self.book.accept_decision(answer, ANALYST)
        assert isinstance(decided, Decision)
        case_id, _, number = question.review_id.rpartition(":r")
        event = names.analyst_decision(int(number))
        self.client.raise_orchestration_event(turn_instance(REPLY.subject_of(case_id)), event, data=None)
        return decided

    def types(self) -> list[str]:
        """What is in the outbox, in order."""
        return [event.type.partition(".")[2] for _, event in EventsApi(self.book.transactions).events_after(0)]

    def _cases(self) -> set[str]:
        return {item.case_id for item in self.book.list_cases().items}


def when(read: Callable[[], ReviewRequest | None]) -> ReviewRequest:
    """What `read` finds, once it does. The record tells nobody here, so it is asked again and again."""
    pause = threading.Event()
    for _ in range(int(WAIT_S / 0.02)):
        found = read()
        if found is not None:
            return found
        pause.wait(0.02)
    raise AssertionError("nobody was asked")


@pytest.fixture
def terms() -> InvestigationPolicy:
    return HOURS


@pytest.fixture
def desk(tmp_path: Path, terms: InvestigationPolicy) -> Generator[Desk]:
    port = free_port()
    engine = open_engine(f"sqlite:///{tmp_path}/casebook.db")
    upgrade(engine)
    transactions, model = Transactions(engine), ScriptedModel([])
    chat = ChatApi(transactions)
    activities = wire_activities(
        WorkerApi(transactions),
        chat,
        TasksApi(transactions),
        SchedulesApi(transactions),
        model,
        FakeTools({}),
        cast("Any", object()),
        HOURS,
        Limits(retries=0),
        assistant=AssistantTerms(Keywords(), terms),
    )
    backend = create_test_backend(port=port)
    address = f"localhost:{port}"
    quickly = task.RetryPolicy(first_retry_interval=timedelta(milliseconds=5), max_number_of_attempts=3)
    try:
        with pytest.MonkeyPatch.context() as patch:
            for policy in ("RECORDING", "THINKING", "SENDING", "REMINDING"):
                patch.setattr(activity_stubs, policy, quickly)
            with TaskHubGrpcWorker(host_address=address, data_converter=CONVERTER) as worker:
                register(worker, activities)
                worker.start()
                with TaskHubGrpcClient(host_address=address, data_converter=CONVERTER) as client:
                    yield Desk(client, CaseBook(transactions), chat, model)
    finally:
        backend.stop()
        engine.dispose()


def test_harmless_message_is_answered_without_a_case(desk: Desk):
    turn = desk.start(desk.post("Hello", 1, reply()))
    assert desk.outcome(turn) == "sent"
    assert desk.chat.turn(turn).reply == "Hi Bob!"
    assert (desk.book.list_cases().items, desk.types()) == ((), ["MessageSent"])


def test_sensitive_reply_waits_for_its_approval(desk: Desk):
    turn = desk.start(desk.post(URGENT, 1, reply()))
    question = desk.question(turn)
    assert (desk.chat.turn(turn).state, desk.chat.turn(turn).reply) == ("checking", None)
    desk.decide(question)
    assert desk.outcome(turn) == "sent"
    assert desk.types() == [
        "CaseOpened",
        "ReviewRequested",
        "HumanReviewRequired",
        "DecisionAccepted",
        "CaseClosed",
        "MessageSent",
    ]
    assert desk.book.audit().broken is None


def test_rejected_reply_is_not_sent(desk: Desk):
    turn = desk.start(desk.post(URGENT, 1, reply()))
    desk.decide(desk.question(turn), "reject")
    assert desk.outcome(turn) == "rejected"
    assert desk.chat.turn(turn).reply == REJECTED_REPLY
    assert desk.types()[-1] == "MessageNotSent"


def test_further_message_has_the_draft_written_anew(desk: Desk):
    turn = desk.start(desk.post(URGENT, 1, reply("First"), reply("Second")))
    desk.question(turn)
    desk.post("And another thing", 2)
    desk.client.raise_orchestration_event(turn_instance(turn), names.analyst_decision(1), data=None)
    question = desk.question(turn, 2)
    desk.decide(question)
    assert desk.outcome(turn) == "sent"
    assert desk.chat.turn(turn).reply == "Second"
    assert "And another thing" in (desk.model.requests[-1].messages[1].text or "")


def test_event_without_a_decision_sends_nothing(desk: Desk):
    turn = desk.start(desk.post(URGENT, 1, reply()))
    question = desk.question(turn)
    for _ in range(3):
        desk.client.raise_orchestration_event(turn_instance(turn), names.analyst_decision(1), data=None)
    desk.decide(question)
    assert desk.outcome(turn) == "sent"
    assert desk.types().count("MessageSent") == 1


def test_decision_for_one_turn_releases_no_other(desk: Desk):
    first = desk.start(desk.post(URGENT, 1, reply("One")))
    question = desk.question(first)
    desk.decide(question)
    assert desk.outcome(first) == "sent"
    second = desk.start(desk.post(URGENT, 2, reply("Two")))
    later = desk.question(second)
    desk.client.raise_orchestration_event(turn_instance(second), names.analyst_decision(1), data=None)
    with pytest.raises(CaseClosed):
        desk.book.accept_decision(an_answer(question), ANALYST)
    assert desk.chat.turn(second).reply is None
    desk.decide(later, "reject")
    assert desk.outcome(second) == "rejected"


def test_outage_ends_a_harmless_turn_as_failed(desk: Desk):
    turn = desk.start(desk.post("Hello", 1, *[ModelUnavailable("Overloaded.")] * 3))
    assert desk.outcome(turn) == "failed"
    assert desk.types() == ["MessageNotSent"]


def test_withdrawn_turn_ends(desk: Desk):
    turn = desk.post("Hello", 1)
    desk.chat.erase_conversation("bob", "maria")
    assert desk.outcome(desk.start(turn)) == "withdrawn"


def test_erased_conversation_ends_the_question(desk: Desk):
    turn = desk.start(desk.post(URGENT, 1, reply()))
    desk.question(turn)
    desk.chat.erase_conversation("bob", "maria")
    desk.client.raise_orchestration_event(turn_instance(turn), names.analyst_decision(1), data=None)
    assert desk.outcome(turn) == "withdrawn"


class TestDeadlines:
    """Nobody decides: a manager is asked, and then nobody any more."""

    @pytest.fixture
    def terms(self) -> InvestigationPolicy:
        second = 1 / 3600
        return InvestigationPolicy(approval_timeout_hours=second, escalation_timeout_hours=2 * second)

    def test_manager_is_asked_and_then_nothing_is_sent(self, desk: Desk):
        turn = desk.start(desk.post(URGENT, 1, reply()))
        assert desk.outcome(turn) == "unresolved"
        assert "CaseEscalated" in desk.types()
        assert desk.chat.turn(turn).state == "unresolved"
        assert desk.book.audit().broken is None
