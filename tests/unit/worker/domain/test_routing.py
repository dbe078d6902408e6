"""The guard rails: what may close by itself, what goes to a person, and what is recommended."""

import math
from collections.abc import Callable, Sequence

import pytest

from contracts.actions import RecommendedAction
from contracts.alert import MAX_JOINED, Alert
from contracts.autonomy import AutonomyBand
from contracts.report import SPECIALISTS, Finding, SpecialistReport
from contracts.severity import Severity
from tests.unit.worker.support.cases import a_policy, a_report, an_alert, an_event, three_reports
from worker.domain.routing import Judgement, Routing, route_case

CLEAR = Judgement(0.1, "clear", "Nothing unusual.")
Reports = tuple[SpecialistReport, ...]


def route(
    reports: Reports | None = None,
    judgement: Judgement = CLEAR,
    severity: Severity = "high",
    share: float = 0.0,
    threshold: float = 0.6,
    case_id: str = "case-1",
    objections: Sequence[str] = (),
    joined: Sequence[Alert] = (),
) -> Routing:
    policy = a_policy(quality_check_share=share, auto_clear_threshold=threshold)
    alerts = (an_alert(severity=severity), *joined)
    about = tuple(alert.alert_id for alert in alerts) if joined else None
    heard = reports or three_reports(alert_ids=about)
    return route_case(case_id, alerts, heard, judgement, policy, lambda: objections)


def replacing(specialist: str, change: Callable[[SpecialistReport], SpecialistReport]) -> Reports:
    return tuple(change(report) if report.specialist == specialist else report for report in three_reports())


def unchecked(**changes: object) -> Callable[[SpecialistReport], SpecialistReport]:
    """A change past all validation, as a fault elsewhere might make it."""
    return lambda report: report.model_copy(update=changes)


def test_three_harmless_reports_and_low_score_clear_the_case() -> None:
    routing = route()

    assert (routing.route, routing.reasons, routing.action) == ("auto_clear", (), "clear")


@pytest.mark.parametrize("specialist", SPECIALISTS)
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (unchecked(status="unavailable", risk_score=None, reason="No answer."), "was unavailable: No answer."),
        (unchecked(status="not_evaluable", risk_score=None, reason=None), "could not evaluate the case."),
        (unchecked(risk_score=None), "gave no usable risk score."),
        (unchecked(risk_score=math.nan), "gave no usable risk score."),
        (unchecked(risk_score=math.inf), "gave no usable risk score."),
        (unchecked(risk_score=9.0), "gave no usable risk score."),
        (unchecked(risk_score=-0.1), "gave no usable risk score."),
        (unchecked(risk_score=0.6), "risk score 0.60 is not below 0.60."),
        (unchecked(risk_score=1.0), "risk score 1.00 is not below 0.60."),
        (unchecked(findings=()), "named no evidence for its score."),
        (
            unchecked(
                findings=(
                    Finding(statement="Seen.", evidence_ids=("e-1", "r1-usage-1", "r1-location-1", "r1-billing-1")),
                    Finding(statement="Invented.", evidence_ids=("e-9",), unsupported=True),
                )
            ),
            "One finding of the {name} specialist without recorded evidence.",
        ),
    ],
)
def test_one_doubtful_report_brings_the_case_before_a_person(
    specialist: str, change: Callable[[SpecialistReport], SpecialistReport], reason: str
) -> None:
    routing = route(replacing(specialist, change))

    assert routing.route == "review"
    assert any(reason.format(name=specialist) in given and specialist in given for given in routing.reasons)


def test_what_silences_several_specialists_is_said_once() -> None:
    usage, location, billing = three_reports(
        status="unavailable", risk_score=None, reason="The model did not answer in time."
    )
    other = billing.model_copy(update={"reason": "The tool server could not be reached."})

    alike = route((usage, location, billing)).reasons

    assert alike[0] == (
        "The usage, location and billing specialists were unavailable: The model did not answer in time."
    )
    assert sum("unavailable" in reason for reason in alike) == 1
    assert route((usage, location, other)).reasons[:2] == (
        "The usage and location specialists were unavailable: The model did not answer in time.",
        "The billing specialist was unavailable: The tool server could not be reached.",
    )


@pytest.mark.parametrize("missing", SPECIALISTS)
def test_a_missing_report_brings_the_case_before_a_person(missing: str) -> None:
    routing = route(tuple(report for report in three_reports() if report.specialist != missing))

    assert routing.reasons == (f"The {missing} specialist gave no report.",)


@pytest.mark.parametrize("score", [None, math.nan, math.inf, -math.inf, 9.0, -1.0])
def test_unusable_overall_score_sends_case_to_a_person(
    score: float | None,
) -> None:
    routing = route(judgement=Judgement(score, "clear", "It is fine."))

    assert routing.route == "review"
    assert routing.action == "lock_account"


@pytest.mark.parametrize("score", [0.6, 0.61, 1.0])
def test_overall_score_from_the_threshold_on_needs_a_person(score: float) -> None:
    routing = route(judgement=Judgement(score, "lock_account", "Takeover."))

    assert routing.reasons == (f"The overall risk score {score:.2f} is not below 0.60.",)
    assert routing.action == "lock_account"


def test_the_threshold_is_the_case_s_own() -> None:
    strict = route(three_reports(0.2), Judgement(0.2, "clear", "Fine."), threshold=0.2)

    assert strict.route == "review"
    assert route(three_reports(0.19), Judgement(0.19, "clear", "Fine."), threshold=0.2).route == "auto_clear"


@pytest.mark.parametrize(
    ("severity", "expected"),
    [("low", "auto_clear"), ("medium", "auto_clear"), ("high", "auto_clear"), ("critical", "review")],
)
def test_a_critical_alert_is_never_cleared_automatically(severity: Severity, expected: str) -> None:
    assert route(severity=severity).route == expected


@pytest.mark.parametrize("action", ["lock_account", "refund_charges", "lock_and_refund"])
def test_action_always_needs_a_person_even_at_low_scores(action: RecommendedAction) -> None:
    assert route(judgement=Judgement(0.1, action, "Just in case.")).route == "review"


def test_clearing_is_not_recommended_against_the_scores() -> None:
    routing = route(three_reports(0.9), Judgement(0.9, "clear", "All good."))

    assert routing.action == "lock_account"
    assert "Clearing was recommended against the scores." in routing.reasons


@pytest.mark.parametrize(
    ("recommended", "score", "stands"),
    [
        ("lock_and_refund", 0.9, "lock_account"),
        ("refund_charges", 0.9, "lock_account"),
        ("refund_charges", 0.1, "clear"),
        ("lock_and_refund", 0.1, "lock_account"),
    ],
)
def test_a_refund_without_a_known_charge_is_reduced(
    recommended: RecommendedAction, score: float, stands: RecommendedAction
) -> None:
    routing = route(three_reports(score), Judgement(score, recommended, "Refund them."))

    assert routing.action == stands
    assert routing.refund_charge_ids == ()
    assert "A refund was recommended, but no recorded charge is known to refund." in routing.reasons


def test_only_the_billing_specialist_names_charges_to_refund() -> None:
    reports = (
        a_report("usage", suspicious_charge_ids=("ch-usage",)),
        a_report("location"),
        a_report("billing", 0.9, suspicious_charge_ids=("ch-2", "ch-1", "ch-2")),
    )

    routing = route(reports, Judgement(0.9, "refund_charges", "Two charges."))

    assert routing.action == "refund_charges"
    assert routing.refund_charge_ids == ("ch-2", "ch-1")


def test_quality_sample_shows_a_clearable_case_as_such() -> None:
    routing = route(share=1.0)

    assert (routing.route, routing.quality_check, routing.action) == ("review", True, "clear")
    assert routing.reasons == ("Drawn for the quality check: it would have been cleared automatically.",)


def test_case_for_a_person_anyway_is_no_quality_check() -> None:
    assert not route(severity="critical", share=1.0).quality_check


def test_objection_of_a_rule_sends_benign_case_to_review() -> None:
    routing = route(objections=("The billing rules give 0.80, not below 0.60: Two charges.",))

    assert routing.route == "review"
    assert routing.reasons == ("The billing rules give 0.80, not below 0.60: Two charges.",)
    assert not route(objections=("Not benign.",), share=1.0).quality_check


@pytest.mark.parametrize("specialist", SPECIALISTS)
def test_low_score_that_cites_no_key_records_is_none(specialist: str) -> None:
    reports = replacing(specialist, unchecked(findings=(Finding(statement="Fine.", evidence_ids=("e-1",)),)))

    (reason,) = route(reports).reasons
    assert reason.startswith(f"The {specialist} specialist calls the case harmless without citing get_")


def test_low_score_that_cites_no_trigger_events_is_none() -> None:
    reports = replacing("location", unchecked(findings=(Finding(statement="Fine.", evidence_ids=("r1-location-1",)),)))

    assert route(reports).reasons == ("The location specialist calls the case harmless without citing e-1.",)


def test_several_harmless_alerts_clear_together() -> None:
    again = an_alert("brute_force-7-2", alert_type="brute_force", severity="low")

    assert route(joined=(again, again)).reasons == ()


def test_trigger_events_of_every_alert_must_be_cited() -> None:
    joined = [
        an_alert(f"brute_force-7-{number}", alert_type="brute_force", trigger_events=(an_event(f"e-{number}"),))
        for number in (2, 3, 4)
    ]

    assert route(joined=joined).reasons == (
        "The location specialist calls the case harmless without citing e-2 of the alert brute_force (brute_force-7-2) "
        "and 2 more.",
    )


@pytest.mark.parametrize(
    ("severities", "reason"),
    [
        (["critical"], "The alert brute_force (brute_force-7-1) is critical."),
        (["low", "critical"], "The alert brute_force (brute_force-7-2) is critical."),
        (["critical", "low", "critical"], "The alert brute_force (brute_force-7-1) and 1 more are critical."),
    ],
)
def test_one_critical_alert_of_several_needs_a_person(severities: Sequence[Severity], reason: str) -> None:
    joined = [
        an_alert(f"brute_force-7-{number}", alert_type="brute_force", severity=severity)
        for number, severity in enumerate(severities, start=1)
    ]

    assert route(joined=joined).reasons == (reason,)


def test_more_alerts_than_a_round_investigates_need_a_person() -> None:
    joined = [an_alert(f"a-{number}") for number in range(MAX_JOINED + 1)]

    assert route(joined=joined[:-1]).route == "auto_clear"
    assert route(joined=joined).reasons == ("The case has 52 alerts, more than the 51 that one round investigates.",)


def test_alert_of_another_customer_sends_case_to_a_person() -> None:
    (reason,) = route(joined=(an_alert("a-8", customer_id=8),)).reasons

    assert reason == "The alert impossible_travel (a-8) is about another customer than the case."


def test_report_that_is_not_about_every_alert_clears_nothing() -> None:
    joined = [an_alert(f"brute_force-7-{number}", alert_type="brute_force") for number in (2, 3)]
    seen = (an_alert().alert_id, "brute_force-7-2")
    reports = (a_report("usage", alert_ids=seen), *three_reports()[1:])

    assert route(reports, joined=joined).reasons == (
        "The usage specialist's report is not about the alert brute_force (brute_force-7-3).",
        "The location specialist's report is not about the alert brute_force (brute_force-7-2) and 1 more.",
        "The billing specialist's report is not about the alert brute_force (brute_force-7-2) and 1 more.",
    )


def banded(*bands: AutonomyBand, severity: Severity = "high") -> Routing:
    alerts = (an_alert(severity=severity, autonomy=bands or None),)
    return route_case("case-1", alerts, three_reports(), CLEAR, a_policy(quality_check_share=0.0), lambda: ())


@pytest.mark.parametrize(
    ("band", "sentence"),
    [
        (AutonomyBand(decider="one_analyst"), "a person decides."),
        (AutonomyBand(decider="two_people", from_score=0.1), "two people decide from a risk score of 0.10 on."),
        (
            AutonomyBand(decider="manager_first", from_severity="high"),
            "a manager is asked first about alerts of severity high or worse.",
        ),
    ],
)
def test_band_of_a_rule_brings_the_case_before_people(band: AutonomyBand, sentence: str) -> None:
    routing = banded(band)

    assert routing.route == "review"
    assert routing.reasons == (f"By version 1 of the rule impossible_travel, {sentence}",)


def test_band_that_does_not_apply_asks_for_nobody() -> None:
    for band in (
        AutonomyBand(decider="auto_clear"),
        AutonomyBand(decider="two_people", from_score=0.11),
        AutonomyBand(decider="two_people", from_severity="critical"),
    ):
        assert banded(band).route == "auto_clear"


def test_band_clears_nothing_that_the_policy_does_not() -> None:
    assert banded(AutonomyBand(decider="auto_clear"), severity="critical").route == "review"
