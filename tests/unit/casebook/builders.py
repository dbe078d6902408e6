"""Cases, reports and answers for the casebook's tests: valid, and each distinct where it matters."""

from datetime import UTC, datetime, timedelta

import pytest

from contracts.actions import EffectAction, RecommendedAction
from contracts.alert import Alert, AlertSource, Baseline
from contracts.assessment import RiskAssessment
from contracts.case import CaseEvent
from contracts.effect import Effect, EffectStatus
from contracts.hashing import content_hash
from contracts.ids import effect_key, evidence_id, review_id
from contracts.investigation import Escalation, InvestigationPolicy, ReviewOpening
from contracts.report import SPECIALISTS, Evidence, Finding, ReportStatus, Specialist, SpecialistReport, ToolCall
from contracts.review import Decision, Disposition, ReviewRequest, Role, Verdict
from contracts.steps import CloseCaseInput
from contracts.telemetry import LoginAttributes, LoginEvent
from tests.support.casebooks import CaseBook

ANALYST: tuple[Role, ...] = ("analyst",)
MANAGER: tuple[Role, ...] = ("manager",)
NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
REASON = "customer_confirmed"
OTHER_HASH = "sha256:" + "f" * 64
POLICY = InvestigationPolicy()
"""What a case is judged by where a test is not about that."""
HASTY = InvestigationPolicy(approval_timeout_hours=1e-9, escalation_timeout_hours=1e-9)
"""Leaves a deadline as a test names it, however soon it is; one that has passed long ago passes once more at once."""


class SteppingClock:
    """Each reading is one second after the one before."""

    def __init__(self, start: datetime = NOON) -> None:
        self.now = start

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def an_alert(number: int = 1, source: AlertSource = "live") -> Alert:
    login = LoginEvent(
        event_id=f"e-{number}",
        customer_id=number,
        occurred_at=NOON,
        attributes=LoginAttributes.model_validate({"country": "BR", "latitude": -23.55, "user_agent": "kept"}),
    )
    return Alert(
        alert_id=f"impossible_travel-{number}",
        customer_id=number,
        alert_type="impossible_travel",
        rule_id="impossible_travel",
        rule_version=1,
        severity="high",
        description=f"Customer {number} logged in from São Paulo ten minutes after Oslo.",
        raised_at=NOON,
        trigger_events=(login,),
        recent_events=(login,),
        baseline=Baseline(metric="km_per_hour", observed=61_500.5, threshold=900.0),
        source=source,
    )


def later(number: int = 2, customer: int = 1, **changes: object) -> Alert:
    """A further alert of a customer, of another rule."""
    alert = an_alert(number).model_copy(update={"customer_id": customer, "rule_id": "new_device", **changes})
    return Alert.model_validate(alert.model_dump() | {"trigger_events": (), "recent_events": ()})


def open_case(book: CaseBook, number: int = 1) -> str:
    return book.open_case(an_alert(number)).case_id


def evidence_of(round_number: int, specialist: Specialist) -> Evidence:
    return Evidence(
        evidence_id=evidence_id(round_number, specialist, 1),
        tool="get_customer",
        arguments={"customer_id": 1},
        ok=True,
        result={"name": "Åse", "usual_countries": ["NO"], "monthly_spend_minor": 129900, "ratio": 0.1},
        recorded_at=NOON,
    )


def a_report(
    specialist: Specialist = "location",
    round_number: int = 1,
    score: float | None = 0.8,
    status: ReportStatus = "ok",
) -> SpecialistReport:
    evidence = evidence_of(round_number, specialist)
    call = ToolCall(
        tool_call_id=evidence.evidence_id,
        tool=evidence.tool,
        arguments=evidence.arguments,
        ok=True,
        result_hash=content_hash({"result": evidence.result}),
        duration_ms=12,
    )
    return SpecialistReport(
        specialist=specialist,
        round=round_number,
        status=status,
        risk_score=score,
        findings=(Finding(statement="The login is from a new country.", evidence_ids=(evidence.evidence_id,)),),
        tool_calls=(call,),
        model="casewright-rules-1",
        tokens=321,
        duration_ms=45,
    )


def an_assessment(
    round_number: int = 1,
    score: float | None = 0.8,
    action: RecommendedAction = "lock_account",
    specialists_score: float = 0.8,
) -> RiskAssessment:
    reports = tuple(a_report(specialist, round_number, specialists_score) for specialist in SPECIALISTS)
    return RiskAssessment(
        round=round_number,
        overall_risk_score=score,
        risk_level="high",
        recommended_action=action,
        reasoning="Nobody travels at 61,500 km/h.",
        reports=reports,
        route="review",
        route_reasons=("The overall score is at or above 0.6.",),
        evidence_hash=content_hash([report.model_dump(mode="json") for report in reports]),
    )


def a_benign_assessment() -> RiskAssessment:
    """One that lets the case close by itself."""
    benign = {"risk_level": "low", "route": "auto_clear", "route_reasons": ()}
    return an_assessment(score=0.1, action="clear", specialists_score=0.1).model_copy(update=benign)


def an_opening(
    case: str, assessment: RiskAssessment | None = None, round_number: int = 1, escalation_reason: str | None = None
) -> ReviewOpening:
    shown = assessment or an_assessment(round_number)
    return ReviewOpening(
        case_id=case,
        round=shown.round,
        review=ReviewRequest(
            review_id=review_id(case, shown.round),
            assessment_hash=content_hash(shown),
            opened_at=NOON,
            due_at=NOON + timedelta(hours=72),
            required_role="analyst" if escalation_reason is None else "manager",
        ),
        assessment=shown,
        escalation_reason=escalation_reason,
    )


def an_escalation(opening: ReviewOpening, hours: int = 144) -> Escalation:
    later = opening.review.model_copy(update={"due_at": NOON + timedelta(hours=hours), "required_role": "manager"})
    return Escalation(case_id=opening.case_id, review=later, reason="Nobody answered in time.", at=NOON)


def a_decision(
    opening: ReviewOpening,
    verdict: Verdict = "approve",
    action: RecommendedAction | None = "lock_account",
    decided_by: str = "ana",
) -> Decision:
    meant: Disposition = "false_positive" if action == "clear" else "confirmed_fraud"
    return Decision(
        review_id=opening.review.review_id,
        assessment_hash=opening.review.assessment_hash,
        verdict=verdict,
        action=action if verdict == "approve" else None,
        feedback="Look at the roaming package." if verdict == "reject" else None,
        reason_code=REASON if verdict == "approve" and action != opening.assessment.recommended_action else None,
        decided_by=decided_by,
        decided_at=NOON,
        disposition="inconclusive" if verdict == "reject" else meant,
    )


def decide(
    book: CaseBook,
    opening: ReviewOpening,
    verdict: Verdict = "approve",
    action: RecommendedAction | None = "lock_account",
) -> Decision:
    """A manager's answer, on record; none that waits for another person."""
    recorded = book.accept_decision(a_decision(opening, verdict, action), MANAGER)
    assert isinstance(recorded, Decision)
    return recorded


def an_effect(case: str, action: EffectAction = "lock_account", status: EffectStatus = "pending") -> Effect:
    result = {"locked_at": NOON.isoformat()} if status == "done" else None
    customer = case.rsplit("-", 1)[-1]
    return Effect.model_validate(
        {"key": effect_key(case, action, customer), "action": action, "status": status, "result": result}
    )


def carry_out(book: CaseBook, case: str, status: EffectStatus = "done", action: EffectAction = "lock_account") -> None:
    """An effect from its beginning to its result."""
    book.start_effect(case, an_effect(case, action))
    book.finish_effect(case, an_effect(case, action, status))


def closing(case: str, outcome: str = "account_locked", round_number: int = 1) -> CloseCaseInput:
    return CloseCaseInput.model_validate({"case_id": case, "round": round_number, "outcome": outcome})


def close_as_failed(book: CaseBook, case: str) -> None:
    """The store refuses what is approved in an open case, whatever it has come to, and the case ends."""
    view = book.get_fraud_case(case)
    asked = view.review
    if asked is None:
        asked = an_opening(case, view.assessment, view.round).review
        put(book, an_opening(case, view.assessment, view.round))
    lock = Decision(
        review_id=asked.review_id,
        assessment_hash=asked.assessment_hash,
        verdict="approve",
        action="lock_account",
        reason_code=REASON,
        decided_by="ana",
        decided_at=NOON,
    )
    book.accept_decision(lock, MANAGER)
    key = effect_key(case, "lock_account", str(view.alert.customer_id))
    book.start_effect(case, an_effect(case).model_copy(update={"key": key}))
    book.finish_effect(case, an_effect(case, status="failed").model_copy(update={"key": key}))
    book.close_case(closing(case, "failed", view.round))


def begin(book: CaseBook, case: str, round_number: int = 1, policy: InvestigationPolicy = POLICY) -> None:
    """A round with its specialists; of one that has begun nothing changes."""
    book.start_round(case, round_number, policy if round_number == 1 else None)


def investigate(book: CaseBook, case: str, round_number: int = 1) -> None:
    """A whole round up to its assessment."""
    begin(book, case, round_number)
    for specialist in SPECIALISTS:
        book.start_specialist(case, round_number, specialist)
        book.save_report(case, a_report(specialist, round_number), [evidence_of(round_number, specialist)])
    book.save_assessment(case, an_assessment(round_number))


def conclude(book: CaseBook, case: str, assessment: RiskAssessment) -> RiskAssessment:
    """Keep an assessment and the reports that it rests on; the first of its round counts and is returned."""
    begin(book, case, assessment.round)
    for report in assessment.reports:
        book.save_report(case, report, [evidence_of(report.round, report.specialist)])
    return book.save_assessment(case, assessment)


def put(book: CaseBook, opening: ReviewOpening) -> ReviewRequest:
    """Ask a person about what was concluded just before, or in the round before."""
    if opening.round == book.get_fraud_case(opening.case_id).round:
        conclude(book, opening.case_id, opening.assessment)
    return book.open_review(opening)


def pass_time(book: CaseBook, hours: float = 80.0) -> None:
    """Let the record's clock go on: by default beyond the deadline of a new review."""
    clock = book.transactions.now
    assert isinstance(clock, SteppingClock)
    clock.now += timedelta(hours=hours)


def ask(book: CaseBook, case: str, round_number: int = 1) -> ReviewOpening:
    """A whole round up to its open review."""
    investigate(book, case, round_number)
    opening = an_opening(case, round_number=round_number)
    book.open_review(opening)
    return opening


def ask_manager(book: CaseBook, case: str) -> None:
    """The same, passed on to a manager because nobody answered in time."""
    opening = ask(book, case)
    pass_time(book)
    book.escalate(an_escalation(opening, 400))


def asked_in_short(book: CaseBook, number: int = 1, assessment: RiskAssessment | None = None) -> ReviewOpening:
    """A case with an open review, and as little before it as there can be."""
    opening = an_opening(open_case(book, number), assessment)
    put(book, opening)
    return opening


def all_events(book: CaseBook) -> list[CaseEvent]:
    """The whole log."""
    found: list[CaseEvent] = []
    while page := book.events_after(found[-1].seq if found else 0):
        found += page
    return found


def only_on(database: str) -> pytest.MarkDecorator:
    """For a test that is about one kind of database."""
    return pytest.mark.parametrize("database", [database], indirect=True)
