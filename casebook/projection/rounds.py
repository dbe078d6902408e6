"""Events of a round: its specialists, their reports and evidence, and its assessment."""

from collections.abc import Iterator
from typing import ClassVar, Self

from pydantic import model_validator

from casebook.policy.actors import SYSTEM
from casebook.policy.guards import GuardFacts
from casebook.policy.log_facts import Data, LogFacts
from casebook.policy.review_terms import Limits
from casebook.projection.case_head import CaseHead
from casebook.projection.changes import Change, Insert, ProjectedTable, Put
from casebook.projection.event_data import Actors, EventData, JournalHead, Occurrence
from casebook.projection.questions import end_open_review
from casebook.schema.rounds import EvidenceRow, ReportRow, RoundRow
from contracts.actions import RecommendedAction
from contracts.assessment import RiskLevel, Route
from contracts.case import CaseEvent
from contracts.investigation import InvestigationPolicy
from contracts.kinds.fraud import FRAUD
from contracts.kinds.kind import KindSpec
from contracts.names import CaseEventType
from contracts.report import ReportStatus, Specialist

ROUND = ProjectedTable(RoundRow, ("round",), body="assessment")
REPORT = ProjectedTable(ReportRow, ("round", "specialist"))
EVIDENCE = ProjectedTable(EvidenceRow, ("evidence_id",))


def enter_round(case: CaseHead, round_number: int, at: Occurrence) -> Put:
    """The row of a round, unless it is there. A later round than the case's starts over."""
    if round_number > case.round:
        case.start_over(round_number)
    return Put(ROUND, {"round": round_number}, {}, {"started_at": at.at, "assessment_hash": None})


def conclude_round(case: CaseHead, round_number: int, assessment_hash: str, at: Occurrence) -> Put:
    """The same, with what is concluded in it."""
    entered = enter_round(case, round_number, at)
    return Put(ROUND, entered.key, {"assessment_hash": assessment_hash}, {"started_at": at.at}, content=assessment_hash)


def why_no_round(kind: KindSpec, found: GuardFacts, wanted: int) -> str | None:
    """Why the round after the current one may not begin in a case of this kind; None when it may."""
    if wanted != found.round + 1:
        return f"the case is in round {found.round}"
    if found.overtaken is not None and kind.orchestration is None:
        # What a person was asked about did not know the newest message.
        return None
    if found.verdict == "reject" and kind.rejected_as is not None:
        return f"a rejection ends a case of kind '{kind.name}'"
    if found.verdict == "reject" or found.facts_changed:
        return None
    return f"nobody rejected round {found.round}, and nothing that its approval relied on has changed"


def why_not_investigated_again(found: GuardFacts, wanted: int) -> str | None:
    """Why the specialists may not begin in the round after the current one; None when they may."""
    if wanted == found.round + 1 and found.unseen_alerts and found.verdict != "approve":
        return None
    return why_no_round(FRAUD, found, wanted)


def why_not_in_round(log: LogFacts, number: int) -> str | None:
    """Why nothing can happen in a round; None when the case has come to it."""
    return None if number <= log.facts.round else f"round {number} had not begun"


class RoundStarted(EventData):
    """A round begins with its specialists."""

    type: ClassVar[CaseEventType] = "round_started"
    kind: ClassVar[str | None] = FRAUD.name
    named_by: ClassVar[tuple[str, ...]] = ("round",)

    round: int
    policy: InvestigationPolicy | None = None
    """The policy of the case, in the event of its first round."""

    @model_validator(mode="after")
    def _first_says_policy(self) -> Self:
        if self.round == 1 and self.policy is None:
            raise ValueError("the first round says what the case is judged by")
        return self

    @staticmethod
    def why_not(found: GuardFacts, wanted: int) -> str | None:
        """Why a round may not begin with its specialists; None when it may."""
        if wanted != found.round:
            return why_not_investigated_again(found, wanted)
        if found.reopens_review and wanted > 1:
            # The first may still begin, for the limits of the case: what is asked about in it is on record already.
            return "the orchestration failed, so a person is asked first"
        return None if found.asked_role is None else "a person was asked about it already"

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        number: int = data["round"]
        reason = cls.why_not(log.facts, number)
        if number == 1:
            log.limits = Limits(InvestigationPolicy.model_validate(data["policy"]), log.severity)
        log.begun.add(number)
        log.enter_round(number)
        log.facts.unseen_alerts = 0
        return reason

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        case.move("investigating")
        yield from end_open_review(case, "superseded")
        yield enter_round(case, self.round, at)


class SpecialistStarted(EventData):
    """A specialist begins."""

    type: ClassVar[CaseEventType] = "specialist_started"
    kind: ClassVar[str | None] = FRAUD.name
    actors: ClassVar[Actors] = "agents"
    named_by: ClassVar[tuple[str, ...]] = ("round", "specialist")

    round: int
    specialist: Specialist

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        return why_not_in_round(log, data["round"])

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        yield enter_round(case, self.round, at)
        case.show_specialist(self.round, self.specialist, "running")


class SpecialistFinished(EventData):
    """A report is on record, with its evidence."""

    type: ClassVar[CaseEventType] = "specialist_finished"
    kind: ClassVar[str | None] = FRAUD.name
    actors: ClassVar[Actors] = "agents"
    named_by: ClassVar[tuple[str, ...]] = ("round", "specialist")

    round: int
    specialist: Specialist
    status: ReportStatus
    risk_score: float | None
    report_hash: str
    evidence_hashes: dict[str, str]
    journal: JournalHead

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        number: int = data["round"]
        return None if number in log.begun else f"round {number} had not begun"

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        yield enter_round(case, self.round, at)
        whose = {"round": self.round, "specialist": self.specialist}
        scored = {"status": self.status, "risk_score": self.risk_score, "saved_at": at.at}
        yield Insert(REPORT, {**whose, **scored}, self.report_hash)
        for evidence_id, digest in self.evidence_hashes.items():
            yield Insert(EVIDENCE, {"evidence_id": evidence_id, **whose}, digest)
        case.show_specialist(self.round, self.specialist, self.status)


class Assessed(EventData):
    """What a round came to."""

    type: ClassVar[CaseEventType] = "assessed"
    kind: ClassVar[str | None] = FRAUD.name
    named_by: ClassVar[tuple[str, ...]] = ("round",)

    round: int
    score: float | None
    level: RiskLevel | None
    recommended_action: RecommendedAction | None
    route: Route
    route_reasons: tuple[str, ...]
    assessment_hash: str
    journal: JournalHead

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        facts = log.facts
        log.concluded.append((event.seq, data))
        if event.actor == SYSTEM and (not facts.reopens_review or data["round"] != facts.round):
            return "only where the orchestration failed is there an assessment without one"
        if data["round"] == facts.round:
            facts.route = data.get("route")
        return why_not_in_round(log, data["round"])

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        yield conclude_round(case, self.round, self.assessment_hash, at)
        case.show_judgement(self.round, self.score, self.level, self.recommended_action)
