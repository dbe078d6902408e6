"""A specialist's report: its findings, and the recorded evidence that they cite."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from contracts.base import Contract, FiniteJson, NonEmptyText, Score, UtcDateTime, added_later
from contracts.ids import AlertId, Hash

MAX_FINDINGS = 100
MAX_CITED = 500
"""Records that one finding may cite."""
MAX_CHARGES = 1_000
MAX_CALLS = 1_000

Specialist = Literal["usage", "location", "billing"]
SPECIALISTS: tuple[Specialist, ...] = ("usage", "location", "billing")

ReportStatus = Literal["ok", "not_evaluable", "unavailable"]


class Finding(Contract):
    """One statement and its evidence. Without known evidence it is `unsupported` and is ignored."""

    statement: NonEmptyText
    evidence_ids: Annotated[tuple[str, ...], Field(max_length=MAX_CITED)] = ()
    """Each the id of a recorded tool call or of an alert event."""
    unsupported: bool = False
    unsupported_reason: str | None = None
    """Why it counts for nothing: one sentence."""


class ToolCall(Contract):
    """One recorded tool call. Its result is large and lies in the casebook as `Evidence` under `tool_call_id`."""

    tool_call_id: str
    tool: str
    arguments: dict[str, FiniteJson]
    ok: bool
    result_hash: Hash
    duration_ms: Annotated[int, Field(ge=0)]


class Evidence(Contract):
    """What a tool answered, word for word. Data, never instructions."""

    evidence_id: str
    tool: str
    arguments: dict[str, FiniteJson]
    ok: bool
    result: FiniteJson
    recorded_at: UtcDateTime


class Spend(Contract):
    """What model calls cost. Each answer counts once, also one that a repeated attempt recalled instead of asking."""

    model_calls: Annotated[int, Field(ge=0)] = 0
    input_tokens: Annotated[int, Field(ge=0)] = 0
    output_tokens: Annotated[int, Field(ge=0)] = 0
    cost_usd: Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=6)] | None = None
    """To a millionth of a dollar; null when the price of the model is not known."""
    estimated_calls: Annotated[int, Field(ge=1)] | None = None
    """Calls whose tokens the endpoint did not count: they are estimated. None where there is no such call."""


class SpecialistReport(Contract):
    """One specialist's view of one round. `risk_score` is null unless `status` is `ok`."""

    specialist: Specialist
    round: Annotated[int, Field(ge=1)]
    status: ReportStatus
    reason: str | None = None
    """Why it could not be evaluated or was unavailable: one sentence."""
    risk_score: Score | None = None
    findings: Annotated[tuple[Finding, ...], Field(max_length=MAX_FINDINGS)] = ()
    suspicious_charge_ids: Annotated[tuple[str, ...], Field(max_length=MAX_CHARGES)] = ()
    """Charges that look fraudulent, each seen in a recorded tool result."""
    tool_calls: Annotated[tuple[ToolCall, ...], Field(max_length=MAX_CALLS)] = ()
    model: str | None = None
    tokens: Annotated[int, Field(ge=0)] = 0
    duration_ms: Annotated[int, Field(ge=0)] = 0
    model_host: str | None = None
    """Where `model` answered: host and port without credentials. Null where no model did."""
    prompt_version: str | None = None
    """Which text of the prompt asked for it."""
    spend: Spend | None = None
    feedback_answer: str | None = None
    """What was done about the feedback to the round before; null in a first round, or when nothing was said."""
    trimmed: NonEmptyText | None = None
    """What of the model's answer was left out or cut because it was too much: one sentence."""
    alert_ids: tuple[AlertId, ...] | None = added_later()
    """The alerts that it is about, where further ones had joined; left out where the case's first one was alone."""

    @property
    def has_evidence(self) -> bool:
        """Whether it says how risky the case is, and rests at least one finding on what was recorded."""
        is_scored = self.status == "ok" and self.risk_score is not None and 0 <= self.risk_score <= 1
        return is_scored and not all(finding.unsupported for finding in self.findings)


def answered_calls(reports: Iterable[SpecialistReport], tools: Sequence[str]) -> tuple[str, ...]:
    """The recorded calls of these tools that were answered, oldest first within each report."""
    return tuple(
        call.tool_call_id for report in reports for call in report.tool_calls if call.ok and call.tool in tools
    )
