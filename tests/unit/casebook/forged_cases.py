"""Cases whose records the forgery tests bend, each as it was really recorded."""

from casebook.workspace_api import WorkspaceApi
from contracts.autonomy import AutonomyBand
from contracts.effect import Effect
from contracts.investigation import InvestigationPolicy, ReviewOpening
from contracts.report import SPECIALISTS
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    a_benign_assessment,
    a_decision,
    a_report,
    an_alert,
    an_assessment,
    an_effect,
    an_opening,
    begin,
    closing,
    conclude,
    evidence_of,
)

LIMITS = InvestigationPolicy(four_eyes_refund_minor=50_000, reconcile_hours=24)


def asked(book: CaseBook, *, severity: str = "high") -> tuple[str, ReviewOpening]:
    alert = an_alert().model_copy(update={"severity": severity})
    case = book.open_case(alert).case_id
    begin(book, case, policy=LIMITS)
    conclude(book, case, an_assessment())
    opening = an_opening(case)
    book.open_review(opening)
    return case, opening


def locked(book: CaseBook, _: WorkspaceApi) -> str:
    case, opening = asked(book)
    book.accept_decision(a_decision(opening), MANAGER)
    book.start_effect(case, an_effect(case))
    book.finish_effect(case, an_effect(case, status="done"))
    book.close_case(closing(case))
    return case


def cleared(book: CaseBook, _: WorkspaceApi) -> str:
    case, opening = asked(book)
    book.accept_decision(a_decision(opening, action="clear"), MANAGER)
    book.close_case(closing(case, "cleared"))
    return case


def critical_cleared_by_two(book: CaseBook, _: WorkspaceApi) -> str:
    case, opening = asked(book, severity="critical")
    for person in ("ana", "bob"):
        book.accept_decision(a_decision(opening, action="clear", decided_by=person), MANAGER)
    book.close_case(closing(case, "cleared"))
    return case


def rejected(book: CaseBook, _: WorkspaceApi) -> str:
    case, opening = asked(book)
    book.accept_decision(a_decision(opening, "reject"), MANAGER)
    return case


def cleared_in_round_two(book: CaseBook, workspace: WorkspaceApi) -> str:
    case = rejected(book, workspace)
    book.start_round(case, 2)
    reports = tuple(a_report(specialist, 2, 0.1) for specialist in SPECIALISTS)
    for report in reports:
        book.save_report(case, report, [evidence_of(2, report.specialist)])
    benign = {"round": 2, "reports": reports, "route": "review", "route_reasons": ("A person was asked.",)}
    assessment = book.save_assessment(case, a_benign_assessment().model_copy(update=benign))
    opening = an_opening(case, assessment, 2)
    book.open_review(opening)
    book.accept_decision(a_decision(opening, action="clear"), MANAGER)
    book.close_case(closing(case, "cleared", 2))
    return case


def proposed(book: CaseBook, _: WorkspaceApi) -> str:
    case, opening = asked(book, severity="critical")
    book.accept_decision(a_decision(opening, action="clear"), MANAGER)
    return case


def withdrawn(book: CaseBook, workspace: WorkspaceApi) -> str:
    case = proposed(book, workspace)
    book.withdraw_proposal(case, "ana")
    return case


def noted(book: CaseBook, workspace: WorkspaceApi) -> str:
    case, _ = asked(book)
    workspace.add_note(case, "ana", "The customer is abroad.")
    return case


def lock_reversed(book: CaseBook, workspace: WorkspaceApi) -> str:
    case = locked(book, workspace)
    key = an_effect(case).key
    book.request_reversal(case, key, "It was a mistake.", subject="ana", roles=("analyst",))
    book.decide_reversal(case, 1, "approve", None, subject="bob", roles=MANAGER)
    effect = Effect(key=f"{case}:unlock_account:1:1", action="unlock_account", status="pending")
    book.start_reversal(case, f"{case}:unlock_account:1", effect)
    book.finish_reversal(case, f"{case}:unlock_account:1", effect.model_copy(update={"status": "done", "result": {}}))
    return case


def asked_by_rule(book: CaseBook, _: WorkspaceApi) -> str:
    bands = (AutonomyBand(decider="two_people"),)
    case = book.open_case(an_alert().model_copy(update={"autonomy": bands})).case_id
    begin(book, case, policy=LIMITS)
    assessment = an_assessment()
    conclude(book, case, assessment)
    book.open_review(an_opening(case, assessment))
    return case
