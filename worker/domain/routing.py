"""The guard rails: which cases are cleared automatically, and why all others go to a person. Fails closed.

Statements of agents can only send a case to a person. Clearing depends on what was recorded: each
specialist cites its key records and the trigger events, and the rule floor finds the same records benign.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from contracts.actions import ACTIONS, REFUNDS, RecommendedAction, action_of
from contracts.alert import MAX_JOINED, Alert, name_of
from contracts.assessment import Route
from contracts.investigation import InvestigationPolicy
from contracts.report import SPECIALISTS, SpecialistReport
from worker.domain.autonomy import autonomy_reasons
from worker.domain.completeness import uncited
from worker.domain.risk import is_usable
from worker.domain.sampling import is_sampled

PRECAUTION: RecommendedAction = "lock_account"
"""What is recommended against a risk for which nothing else is."""

WAS_ASKED = "A person was asked about this case before, so a person decides."

_NOT_OK: Mapping[str, tuple[str, str]] = {
    "not_evaluable": ("could not evaluate the case", "could not evaluate the case"),
    "unavailable": ("was unavailable", "were unavailable"),
}
"""Why one specialist, or several, have no usable report."""


@dataclass(frozen=True)
class Judgement:
    """What the aggregator said. `score` is None when it gave no usable answer."""

    score: float | None
    action: RecommendedAction | None
    reasoning: str


@dataclass(frozen=True)
class Routing:
    """Where the case goes and what is recommended. `reasons` is empty exactly for an auto-clear."""

    route: Route
    reasons: tuple[str, ...]
    action: RecommendedAction
    refund_charge_ids: tuple[str, ...]
    quality_check: bool


def route_case(
    case_id: str,
    alerts: Sequence[Alert],
    reports: Sequence[SpecialistReport],
    judgement: Judgement,
    policy: InvestigationPolicy,
    rules: Callable[[], Sequence[str]],
    *,
    feedback_given: bool = False,
    was_asked: bool = False,
    opinion: str | None = None,
) -> Routing:
    """Auto-clear only what every guard rail lets pass; name each one that fired, and the alert that it is about.

    `rules` say why the records are not benign; they are asked last, about what would be cleared without them.
    `feedback_given`: a reviewer sent the case into this round, and each specialist owes an answer.
    `was_asked`: a person was asked in an earlier round, so one decides.
    `opinion`: what the judgement's reasoning adds to what was reported, in one sentence.
    """
    refundable = _refundable(reports)
    action, action_reasons = _action(reports, judgement, refundable, policy.auto_clear_threshold)
    reasons = (
        *_report_reasons(alerts, reports, policy.auto_clear_threshold),
        *(_unanswered_feedback(reports) if feedback_given else ()),
        *_overall_reasons(judgement, policy.auto_clear_threshold),
        *([f"The risk aggregator's reasoning is an opinion. {opinion}"] if opinion else []),
        *action_reasons,
        *_alert_reasons(alerts),
        *autonomy_reasons(alerts, judgement.score if is_usable(judgement.score) else None),
        *([WAS_ASKED] if was_asked else []),
    )
    reasons = reasons or tuple(rules())
    quality_check = not reasons and is_sampled(case_id, policy.quality_check_share)
    if quality_check:
        reasons = ("Drawn for the quality check: it would have been cleared automatically.",)
    return Routing(
        route="review" if reasons else "auto_clear",
        reasons=reasons,
        action=action,
        refund_charge_ids=refundable,
        quality_check=quality_check,
    )


def _alert_reasons(alerts: Sequence[Alert]) -> Iterator[str]:
    critical = [alert for alert in alerts if alert.severity == "critical"]
    if critical and len(alerts) == 1:
        yield "The alert is critical."
    elif len(critical) == 1:
        yield f"The alert {name_of(critical[0])} is critical."
    elif critical:
        yield f"The alert {name_of(critical[0])} and {len(critical) - 1} more are critical."
    if len(alerts) > MAX_JOINED + 1:
        yield f"The case has {len(alerts)} alerts, more than the {MAX_JOINED + 1} that one round investigates."
    strange = next((alert for alert in alerts if alert.customer_id != alerts[0].customer_id), None)
    if strange is not None:
        yield f"The alert {name_of(strange)} is about another customer than the case."


def _report_reasons(alerts: Sequence[Alert], reports: Sequence[SpecialistReport], threshold: float) -> Iterator[str]:
    by_name = {report.specialist: report for report in reports}
    silent: set[str] = set()
    for name in SPECIALISTS:
        report = by_name.get(name)
        if report is None:
            yield f"The {name} specialist gave no report."
        elif report.status == "ok":
            yield from _reasons_in(alerts, report, threshold)
        elif name not in silent:
            # What silences all three is one fault, and is said once.
            alike = [each for each in SPECIALISTS if each in by_name and _silence(by_name[each]) == _silence(report)]
            silent.update(alike)
            yield _silent(alike, report)


def _silence(report: SpecialistReport) -> tuple[str, str | None]:
    return report.status, report.reason


def _silent(names: Sequence[str], report: SpecialistReport) -> str:
    one, several = _NOT_OK[report.status]
    why = f": {report.reason}" if report.reason else "."
    if len(names) == 1:
        return f"The {names[0]} specialist {one}{why}"
    return f"The {', '.join(names[:-1])} and {names[-1]} specialists {several}{why}"


def _reasons_in(alerts: Sequence[Alert], report: SpecialistReport, threshold: float) -> Iterator[str]:
    name = report.specialist
    yield from _unseen(alerts, report)
    if not is_usable(report.risk_score):
        yield f"The {name} specialist gave no usable risk score."
    elif report.risk_score >= threshold:
        yield f"The {name} specialist's risk score {report.risk_score:.2f} is not below {threshold:.2f}."
    unsupported = sum(finding.unsupported for finding in report.findings)
    if unsupported:
        yield f"{_findings(unsupported)} of the {name} specialist without recorded evidence."
    if unsupported == len(report.findings):
        yield f"The {name} specialist named no evidence for its score."
    elif is_usable(report.risk_score) and report.risk_score < threshold:
        yield from _uncited(alerts, report)


def _unseen(alerts: Sequence[Alert], report: SpecialistReport) -> Iterator[str]:
    """An alert may join while a specialist is at work: its report is then about the others."""
    seen = report.alert_ids or (alerts[0].alert_id,)
    unseen = [alert for alert in alerts if alert.alert_id not in seen]
    for first in unseen[:1]:
        more = f" and {len(unseen) - 1} more" if len(unseen) > 1 else ""
        yield f"The {report.specialist} specialist's report is not about the alert {name_of(first)}{more}."


def _uncited(alerts: Sequence[Alert], report: SpecialistReport) -> Iterator[str]:
    missing = uncited(report.specialist, alerts, report.findings, report.tool_calls)
    for first in missing[:1]:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        where = _whose(first, alerts)
        yield f"The {report.specialist} specialist calls the case harmless without citing {first}{where}{more}."


def _whose(event_id: str, alerts: Sequence[Alert]) -> str:
    """Which of several alerts the event raised; nothing where there is only one, or where it is the name of a tool."""
    raised = (alert for alert in alerts if any(event.event_id == event_id for event in alert.trigger_events))
    first = next(raised, None) if len(alerts) > 1 else None
    return "" if first is None else f" of the alert {name_of(first)}"


def _unanswered_feedback(reports: Sequence[SpecialistReport]) -> Iterator[str]:
    for report in reports:
        if report.status == "ok" and not report.feedback_answer:
            yield f"The {report.specialist} specialist does not say what it did about the feedback."


def _findings(count: int) -> str:
    return "One finding" if count == 1 else f"{count} findings"


def _overall_reasons(judgement: Judgement, threshold: float) -> Iterator[str]:
    if not is_usable(judgement.score):
        yield f"There is no usable overall assessment: {judgement.reasoning or 'none was given.'}"
    elif judgement.score >= threshold:
        yield f"The overall risk score {judgement.score:.2f} is not below {threshold:.2f}."


def _action(
    reports: Sequence[SpecialistReport], judgement: Judgement, refundable: tuple[str, ...], threshold: float
) -> tuple[RecommendedAction, tuple[str, ...]]:
    """The valid recommendation, and why it sends the case to a person."""
    risky = is_risky(reports, judgement.score, threshold)
    action: RecommendedAction = judgement.action or "clear"
    reasons: list[str] = []
    if ACTIONS[action].refunds and not refundable:
        action = without_refund(action)
        reasons.append("A refund was recommended, but no recorded charge is known to refund.")
    if action == "clear" and risky:
        action = PRECAUTION
        if judgement.action == "clear" and is_usable(judgement.score):
            reasons.append("Clearing was recommended against the scores.")
    if action != "clear" and not risky:
        reasons.append("An action was recommended although all scores are low.")
    return action, tuple(reasons)


def without_refund(action: RecommendedAction) -> RecommendedAction:
    """What is left of an action when there is nothing to refund."""
    return action_of([effect for effect in ACTIONS[action].effects if effect not in REFUNDS])


def is_risky(reports: Sequence[SpecialistReport], overall: float | None, threshold: float) -> bool:
    """Whether a score, or the lack of an overall one, speaks against clearing."""
    scores = [overall, *(report.risk_score for report in reports if report.status == "ok")]
    return any(not is_usable(score) or score >= threshold for score in scores)


def _refundable(reports: Sequence[SpecialistReport]) -> tuple[str, ...]:
    """The billing specialist's suspicious charges, each once, in its order."""
    billing = (report for report in reports if report.specialist == "billing" and report.status == "ok")
    return tuple(dict.fromkeys(charge for report in billing for charge in report.suspicious_charge_ids))
