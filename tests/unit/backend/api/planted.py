"""A desk full of planted personal values: in telemetry, answers of tools, findings, notes, messages and tasks."""

from dataclasses import dataclass

from pydantic import JsonValue

from casebook.chat_api import ChatApi
from casebook.commands.attachments import Upload
from casebook.commands.chat_messages import NewMessage
from casebook.commands.tasks import Origin
from casebook.dead_letters_api import DeadLettersApi
from casebook.policy.chat_limits import DEFAULT_LIMITS
from casebook.policy.telemetry_dead_letters import NewLetter
from casebook.tasks_api import TasksApi
from contracts.alert import Alert
from contracts.assessment import RiskAssessment
from contracts.hashing import content_hash
from contracts.report import Evidence, Finding, SpecialistReport
from contracts.tasks import NewTask
from contracts.telemetry import AuthFailureAttributes, AuthFailureEvent, LoginAttributes, LoginEvent
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import HASTY, NOON, a_report, an_alert, an_assessment, an_opening, begin
from tests.unit.casebook.replies import LIMITS, a_draft, a_held_reply, a_question

NAME, EMAIL = "Mariana Kellermann", "mariana.kellermann@mail.example.com"
PHONE, CARD, IBAN = "+47 22 33 44 55", "4111 1111 1111 1111", "NO93 8601 1117 947"
IPV4, IPV6 = "203.0.113.77", "2001:db8:abcd:12::77"
STREET, ACCOUNT, BORN = "Kirkegata 77b", "mkellermann77", "1984-07-07"
PLANTED = (
    NAME,
    NAME.upper(),
    *NAME.split(),
    EMAIL,
    EMAIL.partition("@")[0],
    PHONE,
    "22 33 44",
    CARD,
    IBAN,
    IPV4,
    IPV6,
    STREET,
    ACCOUNT,
    BORN,
)
"""None of these is in any answer that is masked."""
MASKED = ("M. K.", "m…@mail.example.com", "203.0.113.…", "2001:db8:abcd:…", "…55", "…1111", "NO…47")
TEXT = f"{NAME} ({EMAIL}, {PHONE}) paid with {CARD} or {IBAN} from {IPV4} and {IPV6}. KELLERMANN, Mariana: asked."
LOUD = f"{NAME.upper()} wrote again."


@dataclass(frozen=True)
class Planted:
    """What is on the desk, by the names of routes."""

    case_id: str
    evidence_id: str
    alert_id: str
    attachment_id: str
    note_id: str
    user_id: str
    task_id: str
    turn_id: str
    reply_case_id: str


def plant(book: CaseBook) -> Planted:
    """Put everything there."""
    case, alert = _case(book)
    book.add_note(case, "ana", f"{TEXT} {LOUD}")
    note = book.list_notes(case).items[0]
    file = book.add_attachment(case, "ana", Upload(f"{EMAIL}.txt", "text/plain", TEXT.encode()))
    chat = ChatApi(book.transactions)
    chat.post_message(NewMessage("turn-1", "bob", TEXT, {"from": EMAIL}, (EMAIL,), None), DEFAULT_LIMITS)
    chat.link_user("bob", 1, "alex")
    reply = book.open_about(a_held_reply(2).model_copy(update={"message": TEXT, "customer_id": 1}), LIMITS).case_id
    draft = a_draft().model_copy(update={"text": f"Dear {NAME}, {TEXT}"})
    book.ask_about(a_question(reply, draft), draft)
    task = TasksApi(book.transactions).create_task(
        NewTask(title=f"Call {NAME} at {PHONE}", notes=TEXT, case_id=case), Origin("task-" + "0" * 32, "ana")
    )
    body = f'{{"customer_id":1,"user":"{ACCOUNT}","ip":"{IPV4}","name":"{NAME}","phone":4722334455,"street":"{STREET}"'
    DeadLettersApi(book.transactions).keep(
        [NewLetter("hub", None, "0", 1, NOON, "unreadable", "no event", body.encode(), len(body))], {}
    )
    return Planted(
        case,
        "r1-location-1",
        alert.alert_id,
        file.attachment_id,
        note.note_id,
        "bob",
        task.task.task_id,
        "turn-1",
        reply,
    )


def _case(book: CaseBook) -> tuple[str, Alert]:
    alert = an_alert(1).model_copy(update={"description": TEXT, "trigger_events": events(), "recent_events": events()})
    case = book.open_case(alert).case_id
    book.confirm(scheduled=[case])
    begin(book, case, policy=HASTY)
    assessment = _assessment()
    for report in assessment.reports:
        book.save_report(case, report, [_profile(report)])
    book.save_assessment(case, assessment)
    opening = an_opening(case, assessment, escalation_reason=TEXT)
    book.open_review(opening)
    return case, alert


def events() -> tuple[LoginEvent | AuthFailureEvent, ...]:
    more = {
        "phone": 4722334455,
        "email": EMAIL,
        "billing_address": {"street": STREET, "city": "Oslo"},
        "client_ip": IPV6,
        "date_of_birth": BORN,
        "note": f"called from {PHONE}",
        "contacts": [{"name": NAME, "mobile": PHONE}],
    }
    login = LoginAttributes.model_validate({"ip": IPV4, "city": "Oslo", "country": "NO", "user": ACCOUNT, **more})
    failure = AuthFailureAttributes(ip=IPV6, user=EMAIL, reason=f"wrong password of {EMAIL}")
    return (
        LoginEvent(event_id="e-1", customer_id=1, occurred_at=NOON, attributes=login),
        AuthFailureEvent(event_id="e-2", customer_id=1, occurred_at=NOON, attributes=failure),
    )


def _profile(report: SpecialistReport) -> Evidence:
    call = report.tool_calls[0]
    result: JsonValue = {
        "customer_id": 1,
        "name": NAME,
        "email": EMAIL,
        "usual_devices": [{"device_id": "dev-1", "name": "Pixel 9"}],
        "home_city": "Oslo",
        "home_country": "NO",
        "entries": [{"ip": IPV4, "city": "Oslo", "device_id": "dev-1"}],
        "body": TEXT,
    }
    return Evidence(
        evidence_id=call.tool_call_id, tool=call.tool, arguments={}, ok=True, result=result, recorded_at=NOON
    )


def _assessment() -> RiskAssessment:
    given = an_assessment()
    reports = tuple(_report(report) for report in given.reports)
    return given.model_copy(update={"reports": reports, "reasoning": TEXT})


def _report(given: SpecialistReport) -> SpecialistReport:
    report = a_report(given.specialist)
    call = report.tool_calls[0].model_copy(
        update={"arguments": {}, "result_hash": content_hash({"result": _profile(report).result})}
    )
    findings = (Finding(statement=TEXT, evidence_ids=(call.tool_call_id,)),)
    return report.model_copy(update={"tool_calls": (call,), "findings": findings})
