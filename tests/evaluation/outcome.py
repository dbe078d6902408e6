"""The result of one scenario, and a run of all of them as it is saved and compared."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from contracts.actions import RecommendedAction
from contracts.assessment import RiskAssessment, Route
from contracts.base import Contract, Score, UtcDateTime
from contracts.report import Evidence, ReportStatus, Specialist
from tests.evaluation.scenario import ALERT
from tests.evaluation.scenario_seeder import SeededScenario
from tests.evaluation.servers import CannotEvaluate


class Heard(Contract):
    """One specialist's report, in short."""

    specialist: Specialist
    status: ReportStatus
    risk_score: Score | None
    findings: tuple[str, ...]
    unsupported: int
    prompt_version: str | None = None


class Outcome(Contract):
    """One scenario's result beside its labels."""

    scenario: str
    kind: str
    fraud: bool
    may_auto_clear: bool
    expected: RecommendedAction
    route: Route
    action: RecommendedAction | None
    model_recommendation: RecommendedAction | None
    score: Score | None
    route_reasons: tuple[str, ...]
    reasoning: str
    opinion: str | None = None
    """What the reasoning states that the aggregator was not shown."""
    heard: tuple[Heard, ...]
    evidence_wanted: int
    evidence_missing: tuple[str, ...]
    """Tools that no supported finding cites, and record keys that no cited answer holds."""
    refunds_right: Annotated[int, Field(ge=0)]
    refunds_missing: tuple[str, ...]
    refunds_wrong: tuple[str, ...]
    """Charges that would be refunded and should not."""
    model_calls: Annotated[int, Field(ge=0)]
    tokens: Annotated[int, Field(ge=0)]
    seconds: Annotated[float, Field(ge=0)]
    prompt_version: str | None = None
    """Of the aggregator."""

    @property
    def auto_cleared(self) -> bool:
        """Whether the case closed without a person."""
        return self.route == "auto_clear"

    @property
    def right(self) -> bool:
        """Whether it went where it should, with the expected recommendation where a person sees one.

        An innocent case that reaches a person is not right, unless a person was needed: then any recommendation is.
        """
        if self.fraud:
            return not self.auto_cleared and self.action == self.expected
        return self.auto_cleared is self.may_auto_clear

    @property
    def unsupported(self) -> int:
        """Findings that rest on nothing."""
        return sum(heard.unsupported for heard in self.heard)


class Run(Contract):
    """One evaluation."""

    model: str
    started_at: UtcDateTime
    seconds: float
    outcomes: tuple[Outcome, ...]


def outcome_of(
    seeded: SeededScenario,
    assessment: RiskAssessment,
    evidence: tuple[Evidence, ...],
    *,
    model_calls: int,
    tokens: int,
    seconds: float,
) -> Outcome:
    """Compare an assessment, and the recorded evidence behind it, with the labels."""
    scenario = seeded.scenario
    wanted_refunds = {seeded.ids[key]: key for key in scenario.refund}
    refunds = set(assessment.refund_charge_ids)
    return Outcome(
        scenario=scenario.id,
        kind=scenario.kind,
        fraud=scenario.fraud,
        may_auto_clear=scenario.may_auto_clear,
        expected=scenario.expect,
        route=assessment.route,
        action=assessment.recommended_action,
        model_recommendation=assessment.model_recommendation,
        score=assessment.overall_risk_score,
        route_reasons=assessment.route_reasons,
        reasoning=assessment.reasoning,
        opinion=assessment.reasoning_unsupported_reason,
        heard=tuple(
            Heard(
                specialist=report.specialist,
                status=report.status,
                risk_score=report.risk_score,
                findings=tuple(finding.statement for finding in report.findings),
                unsupported=sum(finding.unsupported for finding in report.findings),
                prompt_version=report.prompt_version,
            )
            for report in assessment.reports
        ),
        evidence_wanted=len(scenario.cite) + len(scenario.records),
        evidence_missing=_missing(seeded, assessment, evidence),
        refunds_right=len(refunds & set(wanted_refunds)),
        refunds_missing=tuple(key for charge, key in wanted_refunds.items() if charge not in refunds),
        refunds_wrong=tuple(sorted(refunds - set(wanted_refunds))),
        model_calls=model_calls,
        tokens=tokens,
        seconds=round(seconds, 3),
        prompt_version=assessment.prompt_version,
    )


def _missing(seeded: SeededScenario, assessment: RiskAssessment, evidence: tuple[Evidence, ...]) -> tuple[str, ...]:
    cited = {
        evidence_id
        for report in assessment.reports
        for finding in report.findings
        if not finding.unsupported
        for evidence_id in finding.evidence_ids
    }
    answers = [call for call in evidence if call.evidence_id in cited and call.ok]
    named = {call.tool for call in answers}
    if cited & {event.event_id for event in seeded.alert.trigger_events}:
        named.add(ALERT)
    seen = "\n".join(call.model_dump_json() for call in answers)
    unnamed = [source for source in seeded.scenario.cite if source not in named]
    unseen = [key for key in seeded.scenario.records if f'"{seeded.ids[key]}"' not in seen]
    return (*unnamed, *unseen)


def save_run(run: Run, path: Path) -> None:
    """Write the run as JSON. Raises CannotEvaluate when the file cannot be written."""
    try:
        path.write_text(run.model_dump_json(indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise CannotEvaluate(f"{path} cannot be written ({error.strerror}): choose another file.") from None


def read_run(path: Path) -> Run:
    """A saved run. Raises CannotEvaluate when the file holds none."""
    try:
        return Run.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CannotEvaluate(f"{path} cannot be read ({error.strerror}): name a file written with --save.") from None
    except (ValidationError, UnicodeDecodeError):
        raise CannotEvaluate(f"{path} is no saved run of this release: make it again with --save.") from None
