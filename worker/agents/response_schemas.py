"""The schemas of the agents' answers: the model is given them, and its answers are validated against them."""

from collections.abc import Sequence
from functools import cache
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ValidationError, model_validator

from contracts.actions import RecommendedAction
from contracts.base import Contract
from contracts.report import Finding
from contracts.words import cut
from worker.agents.json_text import NotAnObject, objects_in, read_object, without_thoughts
from worker.domain.risk import is_usable
from worker.ports.model import AnswerFormat

MAX_FINDINGS = 12
MAX_STATEMENT = 1_000
MAX_CITED = 150
"""Records that a finding may cite: all events of an alert and whatever a run looks up."""
MAX_CITED_ID = 200
MAX_CHARGES = 500
MAX_REASONING = 4_000
MAX_REASON = 500
MAX_PROBLEM = 400


def _usable(score: float | None) -> float | None:
    if score is not None and not is_usable(score):
        raise ValueError("a score is a number from 0 to 1")
    return score


# The range is checked here and not in the schema: strict structured output does not know it everywhere.
VerdictScore = Annotated[float, AfterValidator(_usable)]


class Claim(Contract):
    """A statement and the ids of its evidence."""

    statement: str
    evidence_ids: tuple[str, ...]


class SpecialistVerdict(Contract):
    """A specialist's conclusion. risk_score is null unless evaluable."""

    evaluable: bool
    reason: str | None
    risk_score: VerdictScore | None
    findings: tuple[Claim, ...]
    suspicious_charge_ids: tuple[str, ...]
    feedback_answer: str | None
    """What was done about the reviewer's feedback; null when there is none."""

    @model_validator(mode="after")
    def _scored_when_evaluable(self) -> "SpecialistVerdict":
        if self.evaluable and self.risk_score is None:
            raise ValueError("an evaluable case needs a risk_score")
        return self


class RiskVerdict(Contract):
    """The aggregator's conclusion."""

    overall_risk_score: VerdictScore
    recommended_action: RecommendedAction
    reasoning: str


class BadAnswer(Exception):
    """The model's text is not the answer that was asked for; the message says why."""


Answer = TypeVar("Answer", bound=BaseModel)


@cache
def answer_format(name: str, answer: type[BaseModel]) -> AnswerFormat:
    """The strict JSON schema of `answer`: closed objects, every property required."""
    return AnswerFormat(name=name, json_schema=answer.model_json_schema())


def read_answer(text: str | None, answer: type[Answer]) -> Answer:
    """The answer in a model's text, without reasoning, fences and prose around it.

    Raises BadAnswer for anything that does not hold exactly one.
    """
    if not text or not text.strip():
        raise BadAnswer("the answer was empty")
    whole = text.strip().lstrip("\ufeff")
    try:
        return _read(whole, answer)
    except BadAnswer as bad:
        problem = bad
    found: list[Answer] = []
    for candidate in objects_in(without_thoughts(whole)):
        try:
            read = _read(candidate, answer)
        except BadAnswer as bad:
            problem = bad
        else:
            found += [read] if read not in found else []
    if len(found) == 1:
        return found[0]
    raise BadAnswer("it holds more than one answer") if found else problem


def _read(text: str, answer: type[Answer]) -> Answer:
    try:
        read = answer.model_validate_json(text, strict=True)
        read_object(text)
    except ValidationError as error:
        problems = (f"{_path(item['loc'])}: {item['msg']}" for item in error.errors(include_url=False)[:3])
        raise BadAnswer(cut("; ".join(problems), MAX_PROBLEM)) from None
    except NotAnObject as why:
        raise BadAnswer(str(why)) from None
    return read


def findings_of(claims: Sequence[Claim]) -> tuple[Finding, ...]:
    """The claims as findings, the first MAX_FINDINGS that say anything, each cut to MAX_STATEMENT characters."""
    stated = [claim for claim in claims if claim.statement.strip()]
    return tuple(
        Finding(
            statement=cut(claim.statement.strip(), MAX_STATEMENT),
            # A cut id is that of no record: the finding counts for nothing, and says so.
            evidence_ids=tuple(cited[:MAX_CITED_ID] for cited in claim.evidence_ids[:MAX_CITED]),
        )
        for claim in stated[:MAX_FINDINGS]
    )


def trimmed_of(verdict: SpecialistVerdict) -> str | None:
    """What of a verdict is not kept, in one sentence; None when all of it is."""
    stated = [claim for claim in verdict.findings if claim.statement.strip()]
    kept = stated[:MAX_FINDINGS]
    cited, charges = max((len(claim.evidence_ids) for claim in kept), default=0), len(verdict.suspicious_charge_ids)
    left_out = [
        f"{len(stated) - MAX_FINDINGS:,} of {len(stated):,} findings" if len(stated) > MAX_FINDINGS else "",
        f"all but {MAX_CITED} of up to {cited:,} records that a finding cites" if cited > MAX_CITED else "",
        f"charges beyond {MAX_CHARGES} (it named {charges:,})" if charges > MAX_CHARGES else "",
        f"the ends of statements longer than {MAX_STATEMENT:,} characters"
        if any(len(claim.statement.strip()) > MAX_STATEMENT for claim in kept)
        else "",
    ]
    said = [part for part in left_out if part]
    return f"The model's answer was longer than is kept. Left out: {'; '.join(said)}." if said else None


def reason_of(verdict: SpecialistVerdict) -> str | None:
    """Why the case cannot be evaluated, cut to MAX_REASON characters; None when it says nothing."""
    return cut((verdict.reason or "").strip(), MAX_REASON) or None


def feedback_answer_of(verdict: SpecialistVerdict) -> str | None:
    """The answer to the feedback, cut to MAX_STATEMENT characters; None when it says nothing."""
    return cut((verdict.feedback_answer or "").strip(), MAX_STATEMENT) or None


def reasoning_of(verdict: RiskVerdict) -> str:
    """The reasoning, cut to MAX_REASONING characters."""
    return cut(verdict.reasoning.strip(), MAX_REASONING)


def _path(location: Sequence[int | str]) -> str:
    return ".".join(str(step) for step in location) or "the answer"
