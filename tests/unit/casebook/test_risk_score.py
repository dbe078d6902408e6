"""What the risk score is told of cases, and its models on record: a lesson is learned once, a model never changes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, text

from casebook.audit.verify import verify_case_log
from casebook.commands.detector_states import PartitionKey, Progress
from casebook.commands.risk_score import EFFECTIVE_AFTER
from casebook.database.transactions import Transactions
from casebook.desk_api import DeskApi
from casebook.detector_states_api import DetectorStatesApi
from casebook.errors import CasebookError, LearnerChanged, ModelNotFound, ModelsChanged, PartitionTaken
from casebook.policy.alert_joins import JoinPolicy, JoinRule
from casebook.risk_score_api import LABELS_FOR, RiskScoreApi
from contracts.alert import Alert
from contracts.risk_score import ModelRollBack, NewModel, ScoreLabel
from contracts.telemetry import TransactionAttributes, TransactionEvent
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    NOON,
    SteppingClock,
    a_decision,
    an_alert,
    an_opening,
    ask,
    closing,
    decide,
    put,
)
from tests.unit.casebook.failures import scheduled
from tests.unit.casebook.held_decisions import holding, let_it_end
from tests.unit.casebook.test_audit import tampering
from tests.unit.casebook.test_reopenings import carry_out, reopen

OF = PartitionKey("telemetry of a test", "0")


@pytest.fixture
def score(engine: Engine, clock: SteppingClock) -> RiskScoreApi:
    return RiskScoreApi(Transactions(engine, clock))


@pytest.fixture
def states(engine: Engine, clock: SteppingClock) -> DetectorStatesApi:
    return DetectorStatesApi(Transactions(engine, clock))


def a_charge(
    event_id: str, terminal: str | None = "t1", merchant: str | None = "shop", customer_id: int = 1
) -> TransactionEvent:
    attributes = TransactionAttributes(amount=Decimal(900), currency="EUR", terminal_id=terminal, merchant=merchant)
    return TransactionEvent(event_id=event_id, customer_id=customer_id, occurred_at=NOON, attributes=attributes)


def about(*charges: TransactionEvent, number: int = 1) -> Alert:
    return an_alert(number).model_copy(update={"customer_id": 1, "trigger_events": charges})


def open_about(book: CaseBook, *charges: TransactionEvent) -> str:
    return scheduled(book, book.open_case(about(*charges)).case_id)


def said(score: RiskScoreApi, after: int = 0) -> list[tuple[str, list[str]]]:
    labels, _ = score.labels_after(after)
    return [(each.verdict, [charge.event_id for charge in each.charges]) for each in labels]


def a_model(document: bytes = b"a model", **changes: Any) -> NewModel:
    new = NewModel(False, 20, 80.5, learned_until=NOON, reason="A test.", document=document)
    return replace(new, **changes)


def roll_back(number: int, current: int) -> ModelRollBack:
    return ModelRollBack(number=number, current=current, reason="It alerts on salaries.")


def refused(call: Callable[[], object]) -> type[CasebookError]:
    with pytest.raises(CasebookError) as caught:
        call()
    return type(caught.value)


def test_opened_case_is_a_review_of_its_charges(book: CaseBook, score: RiskScoreApi) -> None:
    open_about(book, a_charge("c1"), a_charge("c2", terminal=None), a_charge("c3", terminal=None, merchant=None))
    labels, read_to = score.labels_after(0)
    (label,) = labels
    assert [(each.event_id, each.acceptor) for each in label.charges] == [("c1", "t1"), ("c2", "shop"), ("c3", None)]
    assert (label.verdict, label.charges[0].at) == ("review", NOON)
    assert read_to == score.state()[0]
    assert score.labels_after(read_to) == ((), read_to)


def test_charge_is_named_with_its_customer(book: CaseBook, score: RiskScoreApi) -> None:
    open_about(book, a_charge("1"), a_charge("1", customer_id=2))
    ((label,), _) = score.labels_after(0)
    assert [(each.customer_id, each.event_id) for each in label.charges] == [(1, "1"), (2, "1")]


def test_case_without_charges_says_nothing(book: CaseBook, score: RiskScoreApi) -> None:
    case = scheduled(book, book.open_case(an_alert()).case_id)
    opening = an_opening(case)
    put(book, opening)
    decide(book, opening)
    assert said(score) == []


@pytest.mark.parametrize(("action", "verdict"), [("lock_account", "fraud"), ("clear", "no_fraud")])
def test_decision_labels_the_charges_of_all_alerts(
    engine: Engine, clock: SteppingClock, score: RiskScoreApi, action: str, verdict: str
) -> None:
    book = CaseBook(Transactions(engine, clock), joins=JoinPolicy(JoinRule(hours=72)))
    case = open_about(book, a_charge("c1"))
    book.open_case(about(a_charge("c2"), number=2))
    assert len(book.get_fraud_case(case).alerts) == 2
    opening = ask(book, case)
    book.accept_decision(a_decision(opening, action="clear" if action == "clear" else "lock_account"), MANAGER)
    assert said(score) == [("review", ["c1"]), ("review", ["c2"]), (verdict, ["c1", "c2"])]


def test_decision_that_leaves_it_open_says_nothing(book: CaseBook, score: RiskScoreApi) -> None:
    opening = ask(book, open_about(book, a_charge("c1")))
    book.accept_decision(a_decision(opening, "reject"), MANAGER)
    assert said(score) == [("review", ["c1"])]


def test_held_decision_labels_once_its_hold_has_ended(
    engine: Engine, clock: SteppingClock, score: RiskScoreApi
) -> None:
    book = holding(engine, clock)
    opening = ask(book, open_about(book, a_charge("c1")))
    book.accept_decision(a_decision(opening), MANAGER)
    assert said(score) == [("review", ["c1"])]
    let_it_end(book)
    assert said(score) == [("review", ["c1"]), ("fraud", ["c1"])]


def test_reopened_case_is_reviewed_again(book: CaseBook, score: RiskScoreApi) -> None:
    case = open_about(book, a_charge("c1"))
    opening = an_opening(case)
    put(book, opening)
    book.accept_decision(a_decision(opening), MANAGER)
    carry_out(book, case, "lock_account", "failed")
    book.close_case(closing(case, "failed"))
    reopen(book, case)
    assert said(score) == [("review", ["c1"]), ("fraud", ["c1"]), ("review", ["c1"])]


def test_old_lines_are_not_read(book: CaseBook, score: RiskScoreApi, clock: SteppingClock) -> None:
    open_about(book, a_charge("c1"))
    clock.now += LABELS_FOR + timedelta(hours=1)
    assert score.labels_after(0) == ((), score.state()[0])


def test_lessons_come_with_progress_and_go_once_learned(score: RiskScoreApi, states: DetectorStatesApi) -> None:
    states.take_partition(OF, "one")
    states.save_progress(OF, "one", Progress(1, b"", {}, lessons=b"first"))
    states.save_progress(OF, "one", Progress(2, b"", {}, lessons=b""))
    states.save_progress(OF, "one", Progress(3, b"", {}, lessons=b"second"))
    first, second = score.lessons(5)
    assert (first.body, second.body) == (b"first", b"second")
    assert score.lessons(1) == (first,)
    assert score.save_learner(0, None, b"learned", [first.number], None) is None
    assert score.lessons(5) == (second,)
    learner = score.learner()
    assert (learner.revision, learner.line, learner.document, learner.newest) == (1, None, b"learned", None)


def test_process_that_lost_the_partition_teaches_nothing(score: RiskScoreApi, states: DetectorStatesApi) -> None:
    states.take_partition(OF, "one")
    states.take_partition(OF, "two")
    progress = Progress(1, b"", {}, lessons=b"first")
    assert refused(lambda: states.save_progress(OF, "one", progress)) is PartitionTaken
    assert score.lessons(5) == ()


def test_what_the_score_knows_comes_with_the_partition(states: DetectorStatesApi) -> None:
    states.take_partition(OF, "one")
    kept = {"risk:core": b"1", "risk:acceptor:t_1%": b"2", "customer:7": b"3", "address:192.0.2.1": b"4"}
    states.save_progress(OF, "one", Progress(1, b"", kept))
    saved = states.take_partition(OF, "two")
    assert saved.risk == {"risk:core": b"1", "risk:acceptor:t_1%": b"2"}
    assert saved.addresses == {"address:192.0.2.1": b"4"}


def test_report_is_what_each_partition_saved(score: RiskScoreApi, states: DetectorStatesApi) -> None:
    states.take_partition(OF, "one")
    states.save_progress(OF, "one", Progress(1, b"", {"risk:core": b"core", "risk:waiting:0": b"rows"}))
    (report,) = score.reports()
    assert (report.source, report.partition, report.body) == ("telemetry of a test", "0", b"core")


def test_versions_of_a_line_follow_each_other(score: RiskScoreApi) -> None:
    assert score.save_learner(0, None, b"one", [], a_model(b"one")) == 1
    assert score.learner().line == 1
    assert score.save_learner(1, 1, b"two", [], a_model(b"two", may_alert=True)) == 2
    assert score.save_learner(2, None, b"three", [], a_model(b"three")) == 3
    stored = score.newest_models()
    assert [(each.origin.number, each.origin.line, each.document) for each in stored] == [
        (1, 1, b"one"),
        (2, 1, b"two"),
        (3, 3, b"three"),
    ]
    origin = stored[1].origin
    assert (origin.may_alert, origin.frauds, origin.others, origin.made_by) == (True, 20, 80.5, None)
    assert origin.effective_at == origin.made_at + EFFECTIVE_AFTER
    assert score.state()[1] == 3
    assert [each.origin.number for each in score.models_since(1, 1)] == [1, 3]
    assert [each.origin.number for each in score.models_since(0, 9)] == [1, 2, 3]


def test_learner_that_was_second_saves_nothing(score: RiskScoreApi) -> None:
    score.save_learner(0, None, b"one", [], a_model())
    assert refused(lambda: score.save_learner(0, None, b"other", [], a_model())) is LearnerChanged
    assert (score.state()[1], score.learner().document) == (1, b"one")


def test_rolling_back_makes_a_version_in_shadow(score: RiskScoreApi, engine: Engine, clock: SteppingClock) -> None:
    score.save_learner(0, None, b"one", [], a_model(b"one"))
    score.save_learner(1, 1, b"two", [], a_model(b"two", may_alert=True))
    assert score.roll_back(roll_back(1, 2), "maria") == 3
    model = score.model(3)
    assert (model.document, model.origin.line, model.origin.may_alert) == (b"one", 3, False)
    assert (model.origin.made_by, model.origin.rolled_back_to) == ("maria", 1)
    learner = score.learner()
    assert (learner.document, learner.line, learner.newest) == (b"one", 3, model.origin)
    line = DeskApi(Transactions(engine, clock)).changes(limit=1).items[0]
    assert (line.actor, line.kind, line.name) == ("maria", "model_rolled_back", "model 3")
    assert line.after is not None
    assert (line.after["rolled_back_to"], line.after["reason"]) == (1, "It alerts on salaries.")
    with engine.connect() as connection:
        assert verify_case_log(connection).broken is None


def test_what_cannot_be_gone_back_to_is_refused(score: RiskScoreApi) -> None:
    score.save_learner(0, None, b"one", [], a_model(b"one"))
    assert refused(lambda: score.roll_back(roll_back(2, 1), "maria")) is ModelNotFound
    assert refused(lambda: score.roll_back(roll_back(1, 3), "maria")) is ModelsChanged
    assert refused(lambda: score.model(9)) is ModelNotFound


def test_rolling_back_while_it_learns_is_noticed(score: RiskScoreApi) -> None:
    score.save_learner(0, None, b"one", [], a_model(b"one"))
    read = score.learner()
    score.roll_back(roll_back(1, 1), "maria")
    assert refused(lambda: score.save_learner(read.revision, 1, b"bad", [], a_model(b"bad"))) is LearnerChanged


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE risk_model SET reason = 'Another.' WHERE number = 2", "what is there now is not what line 1 says"),
        ("UPDATE risk_model SET line = 1 WHERE number = 2", "what is there now is not what line 1 says"),
        ("DELETE FROM risk_model WHERE number = 2", "what is there now is not what line 1 says"),
        ("UPDATE risk_model SET made_by = 'maria' WHERE number = 1", "no line says who went back to it"),
    ],
)
def test_tampered_models_are_noticed(score: RiskScoreApi, engine: Engine, statement: str, reason: str) -> None:
    score.save_learner(0, None, b"one", [], a_model(b"one"))
    score.roll_back(roll_back(1, 1), "maria")
    with tampering(engine) as connection:
        assert connection.execute(text(statement)).rowcount
        broken = verify_case_log(connection).broken
    assert broken is not None
    assert broken.reason == reason
    assert broken.place.startswith("risk_model 'model ")


def test_label_is_a_value(book: CaseBook, score: RiskScoreApi) -> None:
    open_about(book, a_charge("c1"))
    (label,) = score.labels_after(0)[0]
    assert ScoreLabel.model_validate_json(label.model_dump_json()) == label
