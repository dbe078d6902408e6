"""The regulatory report says what is on record, cites it, and names what is not."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from pydantic import JsonValue
from sqlalchemy import Engine

from casebook.audit.case_record import read_record
from casebook.audit.regulatory_report import NOT_ON_RECORD, CaseRecord, build_report
from casebook.database.transactions import Transactions
from casebook.policy.alert_joins import JoinPolicy
from casebook.workspace_api import WorkspaceApi
from contracts.alert import Alert
from contracts.assessment import RiskAssessment
from contracts.effect import Effect
from contracts.fraud_case import FraudCaseView
from contracts.hashing import content_hash
from contracts.money import Money
from contracts.regulatory_report import RegulatoryReport
from contracts.report import Evidence, Finding
from contracts.telemetry import TransactionAttributes, TransactionEvent
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    NOON,
    SteppingClock,
    a_benign_assessment,
    a_decision,
    a_report,
    an_alert,
    an_assessment,
    an_opening,
    ask,
    asked_in_short,
    closing,
    conclude,
    decide,
    evidence_of,
    open_case,
)


@pytest.fixture
def record_of(engine: Engine, book: CaseBook) -> Callable[[str], CaseRecord]:
    def read(case: str) -> CaseRecord:
        with book.transactions.read() as connection:
            return read_record(connection, case, NOON)

    return read


def report_of(record: CaseRecord) -> RegulatoryReport:
    return build_report(record, "ana", NOON)


def charges(*listed: tuple[str, object, object]) -> Evidence:
    """What the store answered about charges."""
    items = [
        {"charge_id": name, "at": NOON.isoformat(), "amount_minor": amount, "currency": currency, "merchant": "Kiosk"}
        for name, amount, currency in listed
    ]
    told = {"tool": "get_recent_charges", "evidence_id": "r1-billing-2", "result": {"charges": items}}
    return evidence_of(1, "billing").model_copy(update=told)


def with_alerts(record: CaseRecord, *alerts: Alert) -> FraudCaseView:
    (first,) = record.case.alerts
    return record.case.model_copy(update={"alerts": tuple(first.model_copy(update={"alert": each}) for each in alerts)})


def with_charges(record: CaseRecord, evidence: Evidence, *suspicious: str) -> CaseRecord:
    billing = a_report("billing").model_copy(update={"suspicious_charge_ids": suspicious})
    case = record.case.model_copy(update={"reports": (billing,)})
    return CaseRecord(case, record.rounds, record.events, [*record.evidence, evidence], ())


def test_every_citation_is_listed_with_its_hash(book: CaseBook, case: str, record_of: Callable[[str], CaseRecord]):
    record = record_of(case)
    report = report_of(record)
    listed = {each.evidence_id: each.digest for each in report.evidence}
    assert set(report.cited()) == set(listed)
    assert all(statement.evidence_ids for statement in report.narrative)
    (event,) = record.case.alert.trigger_events
    assert listed["e-1"] == content_hash(event)
    stored = {each.evidence_id: content_hash(each) for each in record.evidence}
    assert {name: digest for name, digest in listed.items() if name != "e-1"}.items() <= stored.items()


def test_closed_case_is_reported_with_decision_and_reversal(workspace: WorkspaceApi, case: str):
    report = workspace.regulatory_report(case, "maria")
    view = workspace.get_fraud_case(case)
    assert (report.prepared_by, report.is_draft, report.outcome) == ("maria", False, "account_locked")
    assert (report.head, report.last_seq) == (workspace.case_events(case)[-1].hash, view.last_seq)
    assert [(each.round, each.decision) for each in report.decisions] == [*enumerate(view.decisions, start=1)]
    assert (report.decision_status, report.decisions[1].required_role) == ("approved", "manager")
    (action,) = report.actions
    assert (action.action, action.status, action.refunded) == ("lock_account", "done", None)
    assert action.started_at is not None
    assert action.finished_at is not None
    assert action.started_at < action.finished_at
    assert report.reversals == view.reversals
    assert [file.name for file in report.attachments] == ["call.txt"]
    assert report.subject.facts[0].value == "Åse"
    assert [statement.said_by for statement in report.narrative] == ["alert", "usage"]
    assert set(NOT_ON_RECORD) <= {*report.missing}


def test_new_case_reports_nothing_that_nobody_said(workspace: WorkspaceApi, book: CaseBook):
    report = workspace.regulatory_report(open_case(book), "ana")
    assert (report.is_draft, report.decision_status, report.conclusion) == (True, "not_decided", None)
    assert (report.amounts.charges, report.amounts.charges_total) == (None, None)
    assert (report.decisions, report.actions, report.subject.facts) == ((), (), ())
    assert {
        "The case is not closed: this report is a draft.",
        "Nobody has decided.",
        "There is no assessment.",
        "The billing specialist did not report: suspicious charges are not known.",
        "No recorded answer of the customer store says who the customer is.",
    } <= {*report.missing}


def test_first_of_two_approvals_is_no_decision(book: CaseBook, workspace: WorkspaceApi):
    waiting = an_opening(open_case(book), an_assessment(action="lock_and_refund"))
    two = {"four_eyes_actions": ("lock_and_refund",), "approvals_required": 2}
    waiting = waiting.model_copy(update={"review": waiting.review.model_copy(update=two)})
    conclude(book, waiting.case_id, waiting.assessment)
    book.open_review(waiting)
    book.accept_decision(a_decision(waiting, action="lock_and_refund"), MANAGER)
    first = workspace.regulatory_report(waiting.case_id, "ana")
    assert (first.decision_status, first.decisions) == ("first_approval_given", ())
    assert first.first_approval is not None
    book.accept_decision(a_decision(waiting, action="lock_and_refund", decided_by="ben"), MANAGER)
    both = workspace.regulatory_report(waiting.case_id, "ana")
    approvals = both.decisions[0].decision.approvals or ()
    assert (both.decision_status, both.first_approval) == ("approved", None)
    assert [each.approved_by for each in approvals] == ["ana", "ben"]


def test_rejected_round_is_reported_as_rejected(book: CaseBook, workspace: WorkspaceApi):
    opening = ask(book, open_case(book))
    decide(book, opening, "reject")
    assert workspace.regulatory_report(opening.case_id, "ana").decision_status == "rejected"
    book.start_round(opening.case_id, 2)
    assert workspace.regulatory_report(opening.case_id, "ana").decision_status == "rejected"
    ask(book, opening.case_id, 2)
    assert workspace.regulatory_report(opening.case_id, "ana").decision_status == "not_decided"


def test_case_that_rules_cleared_names_no_person(book: CaseBook, workspace: WorkspaceApi):
    case = open_case(book)
    conclude(book, case, a_benign_assessment())
    book.close_case(closing(case, "auto_cleared"))
    report = workspace.regulatory_report(case, "ana")
    assert (report.decision_status, report.decisions) == ("cleared_by_rules", ())
    assert "The rules cleared the case; no person decided." in report.missing


def test_amounts_are_whole_minor_units_by_currency(book: CaseBook, record_of: Callable[[str], CaseRecord]):
    answer = charges(("c-1", 1_299, "USD"), ("c-2", 500, "JPY"), ("c-3", 1, "USD"), ("c-4", 7, "USD"))
    report = report_of(with_charges(record_of(open_case(book)), answer, "c-1", "c-2", "c-3", "c-1"))
    assert report.amounts.charges_total == (
        Money(amount_minor=500, currency="JPY"),
        Money(amount_minor=1_300, currency="USD"),
    )
    assert [each.evidence_ids for each in report.amounts.charges or ()] == [("r1-billing-2",)] * 3
    assert '"amount_minor":1300' in report.model_dump_json()


@pytest.mark.parametrize(
    ("amount", "currency"), [(12.99, "USD"), ("1299", "USD"), (True, "USD"), (None, "USD"), (1, "usd"), (1, None)]
)
def test_amount_that_is_not_legible_is_not_known(
    book: CaseBook, record_of: Callable[[str], CaseRecord], amount: object, currency: object
):
    answer = charges(("c-1", 100, "USD"), ("c-2", amount, currency))
    report = report_of(with_charges(record_of(open_case(book)), answer, "c-1", "c-2"))
    assert report.amounts.charges_total is None
    assert "The amount of 'c-2' is not known." in report.missing


def test_suspicious_charge_without_a_record_is_named(book: CaseBook, record_of: Callable[[str], CaseRecord]):
    report = report_of(with_charges(record_of(open_case(book)), charges(("c-1", 100, "USD")), "c-1", "c-9"))
    assert (report.amounts.unrecorded_charge_ids, report.amounts.charges_total) == (("c-9",), None)
    assert any("'c-9'" in sentence for sentence in report.missing)


def test_finding_without_evidence_is_left_out(book: CaseBook, record_of: Callable[[str], CaseRecord]):
    record = record_of(asked_in_short(book).case_id)
    told = (
        Finding(statement="It cites nothing."),
        Finding(statement="It cites what is not there.", evidence_ids=("r9-usage-1",)),
        Finding(statement="Nobody believes it.", evidence_ids=("r1-usage-1",), unsupported=True),
        Finding(statement="It is supported.", evidence_ids=("r9-usage-1", "r1-usage-1", "e-1")),
    )
    usage = a_report("usage").model_copy(update={"findings": told})
    record = CaseRecord(
        record.case.model_copy(update={"reports": (usage,)}),
        record.rounds, record.events, record.evidence, (),
    )  # fmt: skip
    report = report_of(record)
    assert [each.text for each in report.narrative] == [record.case.alert.description, "It is supported."]
    assert report.narrative[1].evidence_ids == ("r1-usage-1", "e-1")
    assert "3 findings are left out: they cite nothing that is on record." in report.missing


def test_all_alerts_of_a_case_are_reported(book: CaseBook, record_of: Callable[[str], CaseRecord]):
    """With one period over them, their transactions, and each event once."""
    record = record_of(open_case(book))
    bought = TransactionEvent(
        event_id="t-1",
        customer_id=1,
        occurred_at=NOON + timedelta(hours=2),
        attributes=TransactionAttributes(amount=Decimal("19.9900"), currency="EUR", merchant="Shop"),
    )
    unclear = bought.model_copy(
        update={"event_id": "t-2", "attributes": TransactionAttributes(amount=Decimal("0.0001"), currency="EUR")}
    )
    second = an_alert(2).model_copy(update={"trigger_events": (*an_alert(1).trigger_events, bought)})
    report = report_of(CaseRecord(with_alerts(record, record.case.alert, second), (), record.events, (), ()))
    assert [each.alert_id for each in report.alerts] == ["impossible_travel-1", "impossible_travel-2"]
    assert report.period is not None
    assert (report.period.first, report.period.last) == (NOON, NOON + timedelta(hours=2))
    assert report.amounts.transactions_total == (Money(amount_minor=1_999, currency="EUR"),)
    assert [each.evidence_id for each in report.evidence] == ["e-1", "t-1"]
    third = second.model_copy(update={"trigger_events": (unclear,)})
    unknown = report_of(CaseRecord(with_alerts(record, third), (), record.events, (), ()))
    assert unknown.amounts.transactions_total is None


def test_alert_that_joined_waits_for_its_round(engine: Engine, workspace: WorkspaceApi):
    book = CaseBook(Transactions(engine, SteppingClock()), joins=JoinPolicy())
    case = open_case(book)
    joined = book.open_case(an_alert().model_copy(update={"alert_id": "impossible_travel-1b"}), "ben")
    report = workspace.regulatory_report(case, "ana")
    assert (joined.case_id, joined.joined) == (case, True)
    assert [(each.recorded_by, each.round) for each in report.alerts] == [(None, None), ("ben", None)]
    assert "An alert joined the case that no round has investigated yet." in report.missing
    ask(book, case)
    assert [each.round for each in workspace.regulatory_report(case, "ana").alerts] == [1, 1]


def test_alert_raised_without_events_is_no_statement(book: CaseBook, record_of: Callable[[str], CaseRecord]):
    bare = an_alert().model_copy(update={"trigger_events": (), "recent_events": (), "source": "manual"})
    report = report_of(record_of(book.open_case(bare, "ben").case_id))
    assert (report.opened_by, report.period, report.narrative) == ("ben", None, ())
    assert "Neither an event nor a charge on record says when it happened." in report.missing


def test_refund_is_reported_as_the_store_said(book: CaseBook, record_of: Callable[[str], CaseRecord]):
    record = record_of(open_case(book))
    said: dict[str, JsonValue] = {"amount_minor": 1_299, "currency": "USD"}
    done = Effect(key="case-1:refund_charges:1", action="refund_charges", status="done", result=said)
    for effect, money in (
        (done, Money(amount_minor=1_299, currency="USD")),
        (done.model_copy(update={"status": "unknown"}), None),
        (done.model_copy(update={"result": {**said, "amount_minor": 12.99}}), None),
    ):
        case = record.case.model_copy(update={"effects": (effect,)})
        (action,) = report_of(CaseRecord(case, (), record.events, (), ())).actions
        assert action.refunded == money


def test_assessment_without_evidence_concludes_nothing(book: CaseBook, workspace: WorkspaceApi):
    unjudged: RiskAssessment = an_assessment(score=None)
    report = workspace.regulatory_report(asked_in_short(book, assessment=unjudged).case_id, "ana")
    assert report.conclusion is not None
    assert (report.conclusion.risk_level, report.conclusion.recommended_action) == (None, None)
    assert "The assessment has no score: there was no evidence to judge by." in report.missing
