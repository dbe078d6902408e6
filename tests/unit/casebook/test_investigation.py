"""A case from its first round to its end: reports, assessments, and steps that are repeated."""

import pytest

from casebook.errors import (
    CaseClosed,
    CaseNotFound,
    EvidenceNotFound,
    IllegalMove,
    ReportUnfounded,
    RoundNotBegun,
    UnstorableText,
)
from contracts.assessment import RiskAssessment
from contracts.journal import JournalEntry, RunCheckpoint
from contracts.report import SPECIALISTS, Specialist
from contracts.spend import ModelUse
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import (
    MANAGER,
    a_benign_assessment,
    a_decision,
    a_report,
    an_assessment,
    an_opening,
    ask,
    begin,
    close_as_failed,
    closing,
    conclude,
    evidence_of,
    investigate,
    open_case,
)


def concluded_by(book: CaseBook, case: str, specialist: Specialist) -> RiskAssessment:
    """An assessment that rests on one report alone."""
    assessment = an_assessment()
    alone = tuple(report for report in assessment.reports if report.specialist == specialist)
    return conclude(book, case, assessment.model_copy(update={"reports": alone}))


def test_last_report_starts_the_assessment_phase(book: CaseBook):
    case = open_case(book)
    begin(book, case)
    book.start_specialist(case, 1, "usage")
    assert book.get_fraud_case(case).progress.specialists == {
        "usage": "running",
        "location": "pending",
        "billing": "pending",
    }

    book.save_report(case, a_report("usage", score=None, status="not_evaluable"), [evidence_of(1, "usage")])
    book.save_report(case, a_report("location"), [evidence_of(1, "location")])
    progress = book.get_fraud_case(case).progress
    assert progress.specialists == {"usage": "not_evaluable", "location": "ok", "billing": "pending"}
    assert progress.phase == "investigating"

    book.save_report(case, a_report("billing", score=None, status="unavailable"), [evidence_of(1, "billing")])
    assert book.get_fraud_case(case).progress.phase == "assessing"

    concluded = an_assessment(score=0.75).model_copy(update={"reports": book.get_fraud_case(case).reports})
    book.save_assessment(case, concluded)
    view = book.get_fraud_case(case)
    assert view.progress.score == 0.75
    assert view.assessment == concluded
    summary = book.summary(case)
    assert (summary.risk_score, summary.risk_level) == (0.75, "high")


def test_an_assessment_without_a_score_is_kept_as_such(book: CaseBook):
    case = open_case(book)
    conclude(book, case, an_assessment(score=None))

    assert book.get_fraud_case(case).progress.score is None
    assert book.summary(case).risk_level == "high"


def test_reports_come_back_word_for_word_with_their_evidence(book: CaseBook):
    case = open_case(book)
    investigate(book, case)

    view = book.get_fraud_case(case)

    assert view.reports == tuple(a_report(specialist) for specialist in SPECIALISTS)
    for specialist in SPECIALISTS:
        wanted = evidence_of(1, specialist)
        assert book.evidence(case, wanted.evidence_id) == wanted


def test_log_tells_a_round_in_order_with_actors(book: CaseBook):
    case = open_case(book)
    investigate(book, case)

    told = [(event.type, event.actor) for event in book.case_events(case)]

    assert told == [
        ("case_opened", "system"),
        ("round_started", "worker"),
        ("specialist_started", "agent:usage"),
        ("specialist_finished", "agent:usage"),
        ("specialist_started", "agent:location"),
        ("specialist_finished", "agent:location"),
        ("specialist_started", "agent:billing"),
        ("specialist_finished", "agent:billing"),
        ("assessed", "worker"),
    ]
    finished = book.case_events(case)[3].data
    assert (finished["specialist"], finished["round"], finished["status"], finished["risk_score"]) == (
        "usage",
        1,
        "ok",
        0.8,
    )


def test_repeating_every_step_changes_nothing_and_logs_nothing(book: CaseBook):
    case = open_case(book)
    investigate(book, case)
    before, seq = book.get_fraud_case(case), book.last_seq()

    investigate(book, case)

    assert book.get_fraud_case(case) == before
    assert book.last_seq() == seq


def test_the_first_report_and_the_first_assessment_count(book: CaseBook):
    case = open_case(book)
    conclude(book, case, an_assessment(score=0.8))

    saved_report = book.save_report(case, a_report(score=0.1), [])
    saved_assessment = book.save_assessment(case, an_assessment(score=0.1))

    assert saved_report.risk_score == 0.8
    assert saved_assessment.overall_risk_score == 0.8
    assert book.get_fraud_case(case).progress.score == 0.8


def test_saved_report_and_assessment_are_returned_again(book: CaseBook):
    case = open_case(book)
    begin(book, case)
    assert book.start_specialist(case, 1, "location") == RunCheckpoint(None, {})
    assert book.start_assessment(case, 1) == RunCheckpoint(None, {})

    investigate(book, case)

    assert book.start_specialist(case, 1, "location") == RunCheckpoint(a_report("location"), {})
    assert book.start_assessment(case, 1) == RunCheckpoint(an_assessment(1), {})
    assert book.start_assessment(case, 2) == RunCheckpoint(None, {})


def test_a_running_specialist_never_falls_back_from_its_result(book: CaseBook):
    case = open_case(book)
    book.start_specialist(case, 1, "usage")
    book.save_report(case, a_report("usage"), [evidence_of(1, "usage")])

    book.start_specialist(case, 1, "usage")

    assert book.get_fraud_case(case).progress.specialists["usage"] == "ok"


def test_new_round_starts_over_and_keeps_the_earlier(book: CaseBook):
    case = open_case(book)
    opening = ask(book, case)
    book.accept_decision(a_decision(opening, "reject"), MANAGER)

    book.start_round(case, 2)

    view = book.get_fraud_case(case)
    assert (view.state, view.round, view.reports, view.assessment, view.review) == ("investigating", 2, (), None, None)
    assert view.progress.specialists == dict.fromkeys(SPECIALISTS, "pending")
    assert view.progress.score is None
    (earlier,) = view.earlier_rounds
    assert earlier.round == 1
    assert earlier.reports == tuple(a_report(specialist) for specialist in SPECIALISTS)
    assert earlier.assessment == an_assessment(1)
    assert earlier.review == opening.review


def test_late_report_of_an_earlier_round_leaves_progress_alone(book: CaseBook):
    case = open_case(book)
    opening = an_opening(case, concluded_by(book, case, "location"))
    book.open_review(opening)
    book.accept_decision(a_decision(opening, "reject"), MANAGER)
    book.start_round(case, 2)

    book.save_report(case, a_report("usage", 1), [evidence_of(1, "usage")])

    view = book.get_fraud_case(case)
    assert view.progress.specialists["usage"] == "pending"
    assert [report.specialist for report in view.earlier_rounds[0].reports] == ["usage", "location"]


def test_a_round_that_the_case_has_passed_cannot_start(book: CaseBook):
    case = open_case(book)
    rejected = ask(book, case)
    book.accept_decision(a_decision(rejected, "reject"), MANAGER)
    again = an_opening(case, rejected.assessment.model_copy(update={"round": 2}))
    book.open_review(again)
    book.accept_decision(a_decision(again, "reject"), MANAGER)
    book.start_round(case, 3)

    with pytest.raises(IllegalMove, match="from 'round 3' to 'round 2'"):
        book.start_round(case, 2)


def test_no_later_round_slips_past_an_open_review(book: CaseBook):
    case = open_case(book)
    ask(book, case)

    with pytest.raises(RoundNotBegun):
        book.save_assessment(case, an_assessment(2))
    assert book.get_fraud_case(case).round == 1


@pytest.mark.parametrize("outcome", ["auto_cleared", "failed"])
def test_closed_case_shows_its_outcome_and_refuses_writes(book: CaseBook, outcome: str):
    case = open_case(book)
    begin(book, case)
    if outcome == "failed":
        close_as_failed(book, case)
    else:
        conclude(book, case, a_benign_assessment())
        book.close_case(closing(case, outcome))

    view = book.get_fraud_case(case)
    assert (view.state, view.outcome, view.progress.phase, view.progress.outcome) == (
        "closed",
        outcome,
        "closed",
        outcome,
    )
    with pytest.raises(CaseClosed, match=outcome):
        book.start_round(case, 2)
    with pytest.raises(CaseClosed):
        book.start_specialist(case, 2, "usage")
    with pytest.raises(CaseClosed):
        book.save_report(case, a_report("usage", 2), [evidence_of(1, "usage")])
    with pytest.raises(CaseClosed):
        book.save_assessment(case, an_assessment(2))
    assert book.get_fraud_case(case) == view


def test_steps_repeated_after_the_close_are_still_harmless(book: CaseBook):
    case = open_case(book)
    investigate(book, case)
    close_as_failed(book, case)
    seq = book.last_seq()

    investigate(book, case)
    book.close_case(closing(case, "failed"))

    assert book.last_seq() == seq


def test_a_case_closes_with_one_outcome(book: CaseBook):
    case = open_case(book)
    conclude(book, case, a_benign_assessment())
    book.close_case(closing(case, "auto_cleared"))

    with pytest.raises(CaseClosed):
        book.close_case(closing(case, "failed"))
    assert book.get_fraud_case(case).outcome == "auto_cleared"


def test_repeated_step_resumes_from_its_own_journal(book: CaseBook):
    case = open_case(book)
    book.start_specialist(case, 1, "usage")
    book.save_journal(case, [JournalEntry("r1-usage-m1", '{"content": "Åse"}')])
    book.save_journal(case, [JournalEntry("r1-usage-m1", "{}"), JournalEntry("r1-usage-t1", "[]")])
    book.save_journal(case, [JournalEntry("r11-usage-m1", "11"), JournalEntry("r1-aggregator-m1", "1")])

    assert book.start_specialist(case, 1, "usage").journal == {"r1-usage-m1": '{"content": "Åse"}', "r1-usage-t1": "[]"}
    assert book.start_specialist(case, 1, "billing").journal == {}
    assert book.start_assessment(case, 1).journal == {"r1-aggregator-m1": "1"}


def test_last_journal_entry_is_saved_with_the_report(book: CaseBook):
    case = open_case(book)
    use = ModelUse(round=1, agent="location", model="m", input_tokens=7, output_tokens=3, cost_usd=None)
    book.save_report(case, a_report(), [evidence_of(1, "location")], [JournalEntry("r1-location-m1", "{}", use)])
    assert book.spent_on_case(case).model_calls == 1

    book.save_report(case, a_report(), [evidence_of(1, "location")], [JournalEntry("r1-location-m1", "{}", use)])
    assert book.spent_on_case(case).model_calls == 1, "a second attempt at the same step"

    book.save_assessment(case, a_benign_assessment().model_copy(update={"reports": ()}))
    book.close_case(closing(case, "auto_cleared"))
    with pytest.raises(CaseClosed):
        book.save_report(case, a_report("usage"), [evidence_of(1, "usage")], [JournalEntry("r1-usage-m1", "{}", use)])
    assert book.spent_on_case(case).model_calls == 1


def test_an_unknown_case_is_named_in_the_error(book: CaseBook):
    unknown = "case-nobody"
    for attempt in (
        lambda: book.get_fraud_case(unknown),
        lambda: book.summary(unknown),
        lambda: book.case_events(unknown),
        lambda: book.evidence(unknown, "r1-usage-1"),
        lambda: book.start_round(unknown, 1),
        lambda: book.start_specialist(unknown, 1, "usage"),
        lambda: book.save_report(unknown, a_report(), []),
        lambda: book.save_assessment(unknown, an_assessment()),
        lambda: book.save_journal(unknown, [JournalEntry("k", "{}")]),
        lambda: book.close_case(closing(unknown)),
    ):
        with pytest.raises(CaseNotFound, match="There is no case 'case-nobody'"):
            attempt()


def test_unknown_evidence_is_named_in_the_error(book: CaseBook):
    case = open_case(book)
    with pytest.raises(EvidenceNotFound, match="holds no evidence 'r9-usage-9'"):
        book.evidence(case, "r9-usage-9")


def test_a_step_that_fails_leaves_nothing_behind(book: CaseBook):
    case = open_case(book)
    before, seq = book.get_fraud_case(case), book.last_seq()
    unstorable = evidence_of(1, "location").model_copy(update={"evidence_id": "r1-location-\0"})

    with pytest.raises(UnstorableText):
        book.save_report(case, a_report("location"), [evidence_of(1, "location"), unstorable])

    assert (book.get_fraud_case(case), book.last_seq()) == (before, seq)


def test_report_with_duplicate_evidence_is_refused(book: CaseBook):
    case = open_case(book)
    twice = [evidence_of(1, "location"), evidence_of(1, "location")]

    with pytest.raises(ReportUnfounded):
        book.save_report(case, a_report("location"), twice)
