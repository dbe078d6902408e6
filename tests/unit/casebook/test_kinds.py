"""Cases of several kinds: what is common works for each of them, what is one kind's happens to no other."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from casebook.audit.verify_export import verify_export
from casebook.commands.attachments import Upload
from casebook.errors import (
    ActionOfOtherKind,
    AlreadyDecided,
    CasebookError,
    CaseNotFound,
    DeadlineNotPassed,
    FieldsMissing,
    NoDisposition,
    NotAllowed,
    OtherKind,
    OutcomeNotJustified,
    ReviewMismatch,
    RoundNotJustified,
    SubjectDiffers,
)
from casebook.queries.filters import CaseQuery
from casebook.queries.kinds import RECORDED_KINDS
from casebook.queries.kinds.kind import RecordedKind, Subject
from casebook.schema.base import PlainRow
from contracts.actions import ActionSpec
from contracts.assignment import AssignmentRules
from contracts.base import Contract
from contracts.case import CaseView, Round, RoundResult
from contracts.closing import ClosingPolicy
from contracts.ids import MAX_SCHEDULER_ID, SubjectId, instance_id, memory_key, review_id
from contracts.investigation import Escalation, InvestigationPolicy
from contracts.kinds import ANSWERS, KINDS, action_spec, kind_of
from contracts.kinds.kind import KindSpec
from contracts.reply import ReplyCaseView
from contracts.review import Decision, Role
from contracts.steps import CloseCaseInput
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    a_decision,
    a_report,
    an_alert,
    an_effect,
    an_opening,
    ask,
    begin,
    closing,
    evidence_of,
    later,
    open_case,
    pass_time,
)
from tests.unit.casebook.replies import (
    LIMITS,
    a_draft,
    a_held_reply,
    a_question,
    an_answer,
    ask_about_reply,
    hold_reply,
)
from tests.unit.casebook.test_export import exported

ANALYST: tuple[Role, ...] = ("analyst",)


class Tip(Contract):
    """What a kind of case is about that only these tests have."""

    tip_id: SubjectId
    text: str


class Advice(RoundResult):
    """What a person is asked about in it."""

    text: str


class AdvisedRound(Round):
    advice: Advice | None = None


class TipCaseView(CaseView):
    kind: str = "tip"
    advice: Advice | None


def _advised(
    connection: Connection, case_id: str, reviews: Sequence[PlainRow], decisions: Mapping[str, Decision]
) -> Sequence[Round]:
    return tuple(AdvisedRound(round=row.round) for row in reviews)


def _shown(connection: Connection, case: PlainRow, common: Mapping[str, Any], rounds: Sequence[Round]) -> CaseView:
    return TipCaseView.model_validate({**common, "advice": None})


def _about(tip: Tip) -> Subject:
    return Subject(tip.tip_id, None, "low", f"Tip {tip.tip_id}", (tip.text,))


TIP = KindSpec(
    name="tip",
    id_prefix="case_tip-",
    actions={"follow": ActionSpec((), "followed", "never")},
    orchestration=None,
    concluded_as="advice",
    rejection="dismiss",
    rejected_as="dismissed",
)


@pytest.fixture
def tips(monkeypatch: pytest.MonkeyPatch) -> None:
    """A third kind of case, added as a release would add it: to both registers, and nowhere else."""
    monkeypatch.setitem(KINDS, TIP.name, TIP)
    monkeypatch.setitem(RECORDED_KINDS, TIP.name, RecordedKind(TIP, Advice, _advised, _shown, Tip, _about))


def test_reply_is_approved_sent_and_verifies(book: CaseBook):
    question = ask_about_reply(book)
    case = "case_reply-turn-1"
    assert question.review_id == f"{case}:r1"
    workspace_view = book.get_case(case)
    assert isinstance(workspace_view, ReplyCaseView)
    assert (workspace_view.subject, workspace_view.draft) == (a_held_reply(), a_draft())
    assert (workspace_view.state, workspace_view.review) == ("awaiting_review", question)

    decision = book.accept_decision(an_answer(question), ANALYST)

    assert isinstance(decision, Decision)
    assert decision.disposition is None
    assert book.accepted_decision(case, question.review_id) == decision
    book.close_case(CloseCaseInput(case_id=case, round=1, outcome="sent"))
    assert (book.get_case(case).state, book.get_case(case).outcome) == ("closed", "sent")
    assert book.verify_case_log() is None
    assert verify_export(exported(book, case)).broken is None


def test_rejected_reply_ends_unsent(book: CaseBook):
    question = ask_about_reply(book)
    book.accept_decision(an_answer(question, "reject"), ANALYST)

    with pytest.raises(OutcomeNotJustified, match="no accepted decision"):
        book.close_case(CloseCaseInput(case_id="case_reply-turn-1", round=1, outcome="sent"))
    book.close_case(CloseCaseInput(case_id="case_reply-turn-1", round=1, outcome="rejected"))

    assert book.summary("case_reply-turn-1").outcome == "rejected"
    assert book.verify_case_log() is None


def test_unanswered_reply_goes_to_a_manager_and_expires(book: CaseBook):
    question = ask_about_reply(book)
    case = "case_reply-turn-1"
    with pytest.raises(DeadlineNotPassed):
        book.expire_review(case, question.review_id)
    pass_time(book, 5)
    put = a_question(case, role="manager", hours=13)
    assert book.escalate(Escalation(case_id=case, review=put, reason="Nobody answered.", at=put.opened_at)) is None
    with pytest.raises(NotAllowed):
        book.accept_decision(an_answer(question), ANALYST)
    pass_time(book, 9)
    assert book.expire_review(case, question.review_id) is None
    book.close_case(CloseCaseInput(case_id=case, round=1, outcome="unresolved"))
    assert book.verify_case_log() is None


def test_deadline_of_a_reply_leaves_time_to_answer(book: CaseBook):
    case = hold_reply(book)
    asked = book.ask_about(a_question(case, hours=0.01), a_draft())
    assert (asked.due_at - asked.opened_at).total_seconds() > 3 * 3600


def test_reply_is_worked_on_like_any_case(book: CaseBook):
    open_case(book, 1)
    question = ask_about_reply(book)
    case = "case_reply-turn-1"
    book.add_note(case, "ana", "She is a journalist.")
    book.add_attachment(case, "ana", Upload("mail.txt", "text/plain", b"Hello"))
    assert [each.case_id for each in book.list_cases(CaseQuery(q="journalist")).items] == [case]
    assert [each.case_id for each in book.list_cases(CaseQuery(q="invoice bob")).items] == [case]
    next_case = book.next_case("ana")
    assert next_case is not None
    assert next_case.case_id == case
    book.release(case, "ana")
    book.snooze(case, "ana", ANALYST, until_activity=True)
    assert book.list_cases(CaseQuery(kind="reply", snoozed=True)).total == 1
    book.accept_decision(an_answer(question), ANALYST)
    with pytest.raises(AlreadyDecided):
        book.accept_decision(an_answer(question), ANALYST)
    assert book.verify_case_log() is None
    assert verify_export(exported(book, case)).broken is None


@pytest.mark.parametrize("sort", ["-opened", "due", "updated", "-score"])
def test_lists_tell_kinds_apart(book: CaseBook, sort: str):
    frauds = {open_case(book, number) for number in (1, 2, 3)}
    replies = {hold_reply(book, number) for number in (1, 2)}

    def found(**query: Any) -> set[str]:
        page = book.list_cases(CaseQuery.model_validate({"sort": sort, **query}))
        return {each.case_id for each in page.items}

    assert found(kind="reply") == replies
    assert found(kind="fraud") == frauds
    assert found() == frauds | replies
    assert found(kind="reply", state=("closed",)) == set()
    summary = book.summary("case_reply-turn-1")
    assert (summary.kind, summary.alert_id, summary.customer_id, summary.alert_count) == ("reply", None, None, 0)
    assert summary.description == "Reply to bob"


def test_same_reply_is_held_once(book: CaseBook):
    first = book.open_about(a_held_reply(), LIMITS)
    assert (first.created, book.open_about(a_held_reply(), LIMITS).created) == (True, False)
    with pytest.raises(SubjectDiffers):
        book.open_about(a_held_reply().model_copy(update={"message": "Another one."}), LIMITS)
    assert len(book.case_events(first.case_id)) == 1


def test_question_about_a_reply_is_asked_once(book: CaseBook):
    question = ask_about_reply(book)
    assert book.ask_about(a_question("case_reply-turn-1", hours=100), a_draft()) == question
    assert [each.type for each in book.case_events("case_reply-turn-1")] == ["case_opened", "review_opened"]


def test_question_names_the_draft_that_it_is_about(book: CaseBook):
    case = hold_reply(book)
    with pytest.raises(ReviewMismatch):
        book.ask_about(a_question(case), a_draft().model_copy(update={"text": "Another one."}))
    with pytest.raises(ReviewMismatch, match="round"):
        book.ask_about(a_question(case, a_draft(9)), a_draft(9))
    fraud = ask(book, open_case(book, 1)).review
    with pytest.raises(ReviewMismatch):
        book.ask_about(fraud.model_copy(update={"review_id": review_id(open_case(book, 2), 1)}), a_draft())


def test_nobody_starts_an_investigation_of_a_reply(book: CaseBook):
    fraud, reply = open_case(book, 1), hold_reply(book)
    assert book.unscheduled_cases() == [fraud]
    assert [each.case_id for each in book.cases_in("investigating").items] == [fraud]
    pass_time(book)
    assert book.under_investigation(timedelta(weeks=1)) == 0
    assert book.not_begun(book.transactions.now()) == (0, None)
    assert kind_of(reply).instance_id(reply) == "chat-turn-1"
    assert kind_of(fraud).instance_id(fraud) == fraud


STEPS_OF_FRAUD: dict[str, Callable[[CaseBook, str], object]] = {
    "a round": lambda book, case: begin(book, case),
    "a brief": lambda book, case: book.brief(case, 1),
    "a specialist": lambda book, case: book.start_specialist(case, 1, "usage"),
    "a report": lambda book, case: book.save_report(case, a_report("usage"), [evidence_of(1, "usage")]),
    "an assessment": lambda book, case: book.start_assessment(case, 1),
    "a question": lambda book, case: book.open_review(an_opening(case)),
    "an effect": lambda book, case: book.start_effect(case, an_effect(case)),
    "an approved action": lambda book, case: book.approved_action(case, review_id(case, 1)),
    "a recovery": lambda book, case: book.recover_case(case, "It failed.", unstarted=True),
    "an outcome": lambda book, case: book.close_case(closing(case, "cleared")),
    "a merge": lambda book, case: book.merge_cases(case, open_case(book, 7), "ana", "Same customer."),
    "a report for authorities": lambda book, case: book.regulatory_report(case, "ana"),
    "the page of a fraud": lambda book, case: book.get_fraud_case(case),
}


@pytest.mark.parametrize("step", STEPS_OF_FRAUD.values(), ids=STEPS_OF_FRAUD.keys())
@pytest.mark.parametrize("decided", [False, True], ids=["asked", "decided"])
def test_steps_of_an_investigation_are_refused_on_a_reply(
    book: CaseBook, step: Callable[[CaseBook, str], object], decided: bool
):
    question = ask_about_reply(book, 2)
    case = "case_reply-turn-2"
    if decided:
        book.accept_decision(an_answer(question), ANALYST)
    before = book.case_events(case)

    with pytest.raises(CasebookError):
        step(book, case)

    assert book.case_events(case) == before
    assert book.verify_case_log() is None


def test_alert_of_the_customer_joins_no_reply(book: CaseBook):
    reply = hold_reply(book, 2)
    opened = book.open_case(later(2, customer=2))
    assert (opened.created, opened.joined) == (True, False)
    assert book.get_fraud_case(opened.case_id).follows is None
    assert book.summary(reply).alert_count == 0


def test_actions_of_another_kind_are_refused(book: CaseBook):
    reply, fraud = ask_about_reply(book), ask(book, open_case(book, 1))
    with pytest.raises(ActionOfOtherKind, match="approve 'send' or 'send_edited', or reject"):
        book.accept_decision(an_answer(reply, action="clear"), MANAGER)
    with pytest.raises(ActionOfOtherKind):
        book.accept_decision(a_decision(fraud).model_copy(update={"action": "send"}), MANAGER)
    with pytest.raises(OutcomeNotJustified, match="no case of kind 'reply'"):
        book.close_case(CloseCaseInput(case_id="case_reply-turn-1", round=1, outcome="auto_cleared"))


def test_third_kind_needs_only_to_be_added(book: CaseBook, tips: None):
    tip = Tip(tip_id="7", text="Somebody sells accounts at the station.")
    case = book.open_about(tip, InvestigationPolicy()).case_id
    assert case == "case_tip-7"
    advice = Advice(round=1, text="Look at the station.")
    question = book.ask_about(a_question(case, advice), advice)
    book.claim(case, "ana")
    book.add_note(case, "ana", "The station again.")
    assert [each.case_id for each in book.list_cases(CaseQuery(kind="tip", q="station accounts")).items] == [case]
    book.accept_decision(an_answer(question, action="follow"), ANALYST)
    book.close_case(CloseCaseInput(case_id=case, round=1, outcome="followed"))
    assert isinstance(book.get_case(case), TipCaseView)
    assert book.verify_case_log() is None
    with pytest.raises(OtherKind, match="'case_tip-7' is of kind 'tip'"):
        book.get_fraud_case(case)


def test_unknown_kind_is_an_unknown_case(book: CaseBook):
    with pytest.raises(CaseNotFound):
        book.get_case("case_tip-7")
    with pytest.raises(ValueError, match="no kind of case"):
        book.open_about(Tip(tip_id="7", text="x"), InvestigationPolicy())


def test_every_kind_is_on_record_and_names_its_own():
    assert set(KINDS) == set(RECORDED_KINDS)
    actions = [action for spec in KINDS.values() for action in spec.actions]
    assert len(actions) == len(set(actions))
    assert all(action_spec(action) is spec.actions[action] for spec in KINDS.values() for action in spec.actions)
    prefixes = [spec.id_prefix for spec in KINDS.values()]
    assert not any(one != other and one.startswith(other) for one in prefixes for other in prefixes)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_ids_of_every_kind_fit_the_scheduler(kind: KindSpec):
    case = kind.case_id("t" * 64)
    carried = kind.instance_id(case)
    for name in (carried, instance_id(case), f"@fraudanalysisagent@{memory_key(case)}"):
        assert len(name) <= MAX_SCHEDULER_ID


def test_alert_named_like_a_reply_is_another_case(book: CaseBook):
    alert = an_alert(1).model_copy(update={"alert_id": "reply-turn-1"})
    assert book.open_case(alert).case_id != hold_reply(book)


def test_rejected_reply_is_not_asked_about_again(book: CaseBook):
    question = ask_about_reply(book)
    book.accept_decision(an_answer(question, "reject"), ANALYST)
    with pytest.raises(RoundNotJustified, match="a rejection ends a case of kind 'reply'"):
        book.ask_about(a_question("case_reply-turn-1", round_number=2), a_draft(2))


def test_reply_has_no_disposition_and_no_reason_code(book: CaseBook):
    question = ask_about_reply(book)
    for said in ({"disposition": "confirmed_fraud"}, {"reason_code": "sim_swap"}):
        with pytest.raises(NoDisposition, match="leave both out"):
            book.accept_decision(an_answer(question).model_copy(update=said), ANALYST)
    policy = ClosingPolicy(required=dict.fromkeys(ANSWERS, ("disposition", "reason_code", "comment")))
    assert policy.of("send") == policy.of("reject_reply") == ("comment",)
    assert str(FieldsMissing("reject_reply", ("comment",))).startswith("Rejecting takes a comment here")


def test_nobody_opened_a_reply_by_hand(book: CaseBook):
    ask_about_reply(book)
    assert book.get_case("case_reply-turn-1").opened_by is None


def test_asked_reply_is_assigned_to_who_takes_replies(book: CaseBook):
    members = ({"subject": "ana", "skills": ["impossible_travel"]}, {"subject": "ben", "skills": ["reply"]})
    rules = AssignmentRules.model_validate({"mode": "round_robin", "members": [*members]})
    book.change_assignment(book.assignment().version, rules, "maria")
    ask_about_reply(book)
    assignment = book.summary("case_reply-turn-1").assignment
    assert assignment is not None
    assert assignment.assigned_to == "ben"
