"""What a run has used so far: calls, tokens, time."""

from dataclasses import dataclass, replace
from decimal import Decimal

from contracts.report import Spend
from worker.agents.journal import RecordedBatch
from worker.ports.model import ModelReply


@dataclass(frozen=True)
class Usage:
    """Every answer counts once, also the one that a killed attempt had paid for and the journal kept."""

    model: str | None = None
    """The model that gave the last answer."""
    model_host: str | None = None
    """Where it answered."""
    model_calls: int = 0
    tokens: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    duration_ms: int = 0
    tool_calls: int = 0
    cost_usd: Decimal | None = Decimal(0)
    """None as soon as one answer has no known price."""
    estimated_calls: int = 0
    """Answers whose tokens the endpoint did not count."""

    def plus_reply(self, reply: ModelReply, cost_usd: Decimal | None) -> "Usage":
        """With one more model call."""
        return replace(
            self,
            model=reply.model,
            model_host=reply.host,
            model_calls=self.model_calls + 1,
            tokens=self.tokens + reply.tokens,
            input_tokens=self.input_tokens + reply.input_tokens,
            output_tokens=self.output_tokens + reply.output_tokens,
            duration_ms=self.duration_ms + reply.duration_ms,
            estimated_calls=self.estimated_calls + bool(reply.estimated),
            cost_usd=None if self.cost_usd is None or cost_usd is None else self.cost_usd + cost_usd,
        )

    def plus_batch(self, batch: RecordedBatch) -> "Usage":
        """With the tool calls of one turn, which ran side by side."""
        longest = max((call.duration_ms for call in batch.calls), default=0)
        return replace(self, duration_ms=self.duration_ms + longest, tool_calls=self.tool_calls + len(batch.calls))

    @property
    def spend(self) -> Spend:
        """The calls and tokens that cost money, and how much."""
        return Spend(
            model_calls=self.model_calls,
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            cost_usd=self.cost_usd if self.model_calls else None,
            estimated_calls=self.estimated_calls or None,
        )
