"""People merge the cases of a customer and detach alerts, as long as nothing is decided."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from casebook.audit.export import write_json
from casebook.audit.verify_export import verify_export
from casebook.database.transactions import Transactions
from casebook.errors import (
    AlertsCannotMove,
    AlertsJoined,
    CaseClosed,
    CaseMerged,
    CaseNotFound,
    ClaimedByOther,
    NewEvidence,
    OutcomeNotJustified,
)
from contracts.alert import Alert
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    SteppingClock,
    a_decision,
    an_alert,
    an_opening,
    ask,
    begin,
    carry_out,
    closing,
    decide,
    open_case,
)

WHY = "One and the same takeover."


@pytest.fixture
def book(engine: Engine) -> CaseBook:
    return CaseBook(Transactions(engine, SteppingClock()))


def another(number: int, **changes: object) -> Alert:
    """An alert of the first customer that opens a case of its own."""
    return an_alert(number).model_copy(update={"customer_id": 1, **changes})


def exported(book: CaseBook, case: str) -> bytes:
    return b"".join(write_json(book.snapshot(case), lambda file: book.read_attachment(case, file)))


def two_cases(book: CaseBook, **changes: object) -> tuple[str, str]:
    """Two open cases of one customer: the older one, and the one that is merged into it."""
    return open_case(book), book.open_case(another(2, **changes)).case_id


def alerts_of(book: CaseBook, case: str) -> list[str]:
    """The alerts that a case has now."""
    return [each.alert.alert_id for each in book.get_fraud_case(case).alerts if each.moved_to is None]


MOMENTS: dict[str, Callable[[CaseBook, str], object]] = {
    "just opened": lambda book, case: None,
    "round begun": begin,
    "asked": ask,
    "rejected": lambda book, case: decide(book, ask(book, case), "reject"),
}


@pytest.mark.parametrize("target_moment", MOMENTS)
@pytest.mark.parametrize("source_moment", MOMENTS)
def test_cases_merge_until_one_is_decided(book: CaseBook, source_moment: str, target_moment: str):
    target, source = two_cases(book, severity="critical")
    MOMENTS[source_moment](book, source)
    MOMENTS[target_moment](book, target)

    book.merge_cases(source, target, "ana", WHY)

    merged, kept = book.get_fraud_case(source), book.get_fraud_case(target)
    assert (merged.state, merged.outcome, merged.merged_into) == ("closed", "merged", target)
    assert [each.moved_to for each in merged.alerts] == [target]
    assert alerts_of(book, target) == [an_alert(1).alert_id, another(2).alert_id]
    assert (kept.review, book.summary(target).severity, book.summary(target).alert_count) == (None, "critical", 2)
    assert book.open_case(another(2)).case_id == target
    ask(book, target, kept.round + (target_moment != "just opened"))
    assert book.verify_case_log() is None


@pytest.mark.parametrize("source_moment", MOMENTS)
def test_merge_is_taken_back_by_detaching(book: CaseBook, source_moment: str):
    target, source = two_cases(book, severity="critical")
    MOMENTS[source_moment](book, source)
    ask(book, target)
    book.merge_cases(source, target, "ana", WHY)
    ask(book, target, 2)
    book.confirm(scheduled=(source,))

    moved = book.detach_alert(target, another(2).alert_id, "ben", "They are two stories.")

    assert moved.target == source
    assert (alerts_of(book, source), alerts_of(book, target)) == ([another(2).alert_id], [an_alert(1).alert_id])
    back, kept = book.get_fraud_case(source), book.get_fraud_case(target)
    assert (back.state, back.outcome, back.merged_into) == ("investigating", None, None)
    assert (kept.state, kept.review, book.summary(target).severity) == ("investigating", None, "high")
    assert not book.is_scheduled(source)
    for case, number in ((source, back.round + (source_moment != "just opened")), (target, 3)):
        opening = ask(book, case, number)
        book.accept_decision(a_decision(opening, decided_by="eva"), MANAGER)
    assert book.verify_case_log() is None


def test_alert_that_joined_is_detached_into_a_new_case(book: CaseBook):
    target, source = two_cases(book)
    third = book.open_case(another(3)).case_id
    book.merge_cases(third, source, "ana", WHY)
    book.merge_cases(source, target, "ana", WHY)
    assert alerts_of(book, target) == [an_alert(number).alert_id for number in (1, 2, 3)]

    assert book.detach_alert(target, another(3).alert_id, "ana", "Another story.").target == third
    assert alerts_of(book, third) == [another(3).alert_id]
    assert book.verify_case_log() is None


def test_steps_of_a_merged_case_say_so(book: CaseBook):
    target, source = two_cases(book)
    opening = ask(book, source)
    book.merge_cases(source, target, "ana", WHY)
    review = opening.review.review_id
    for refused, step in (
        (AlertsJoined, lambda: book.accepted_decision(source, review)),
        (AlertsJoined, lambda: book.open_review(opening)),
        (CaseMerged, lambda: begin(book, source, 2)),
        (CaseMerged, lambda: book.brief(source, 1)),
        (CaseMerged, lambda: book.close_case(closing(source, "unresolved"))),
        (CaseMerged, lambda: book.accept_decision(a_decision(opening), MANAGER)),
    ):
        with pytest.raises(refused):
            step()


def test_only_people_merge_cases(book: CaseBook):
    case = open_case(book)
    ask(book, case)
    with pytest.raises(OutcomeNotJustified):
        book.close_case(closing(case, "merged"))


def test_decision_after_a_merge_is_told(book: CaseBook):
    target, source = two_cases(book)
    opening = ask(book, target)
    book.merge_cases(source, target, "ana", WHY)
    with pytest.raises(NewEvidence, match="'impossible_travel' joined it"):
        book.accept_decision(a_decision(opening), MANAGER)
    opening = ask(book, target, 2)
    book.detach_alert(target, another(2).alert_id, "ana", "Two stories.")
    with pytest.raises(NewEvidence, match=f"the alert '{another(2).alert_id}' was detached from it"):
        book.accept_decision(a_decision(opening), MANAGER)


def _approved(book: CaseBook, case: str) -> None:
    decide(book, ask(book, case))


def test_decided_and_foreign_cases_stay_apart(book: CaseBook):
    target, source = two_cases(book)
    stranger = book.open_case(an_alert(7)).case_id
    with pytest.raises(AlertsCannotMove, match="it is about customer 7, not 1"):
        book.merge_cases(stranger, target, "ana", WHY)
    with pytest.raises(AlertsCannotMove, match="itself"):
        book.merge_cases(target, target, "ana", WHY)
    with pytest.raises(CaseNotFound):
        book.merge_cases("case-nobody", target, "ana", WHY)
    with pytest.raises(AlertsCannotMove, match="opened the case"):
        book.detach_alert(target, an_alert(1).alert_id, "ana", WHY)
    with pytest.raises(AlertsCannotMove, match="has no alert 'x'"):
        book.detach_alert(target, "x", "ana", WHY)
    book.claim(source, "ben")
    with pytest.raises(ClaimedByOther):
        book.merge_cases(source, target, "ana", WHY)
    book.release(source, "ben")
    _approved(book, target)
    for one, other in ((source, target), (target, source)):
        with pytest.raises(AlertsCannotMove, match="round 1 is decided"):
            book.merge_cases(one, other, "ana", WHY)
    carry_out(book, target)
    book.close_case(closing(target))
    with pytest.raises(CaseClosed):
        book.merge_cases(source, target, "ana", WHY)
    assert book.verify_case_log() is None


def test_exports_of_merged_and_detached_cases_verify(book: CaseBook):
    target, source = two_cases(book)
    book.merge_cases(source, target, "ana", WHY)
    for case in (source, target):
        assert verify_export(exported(book, case)).broken is None
    book.detach_alert(target, another(2).alert_id, "ana", "Two stories.")
    for case in (source, target):
        assert verify_export(exported(book, case)).broken is None


def test_orders_of_a_merge_are_in_both_logs(book: CaseBook):
    target, source = two_cases(book)
    book.merge_cases(source, target, "ana", WHY)
    told = [event for case in (source, target) for event in book.case_events(case)]
    assert [(event.type, event.actor) for event in told if event.type in ("case_merged", "alert_joined")] == [
        ("case_merged", "ana"),
        ("alert_joined", "ana"),
    ]
    assert an_opening(target).case_id == target
