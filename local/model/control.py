"""The control API that makes the model slow or faulty."""

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from local.model.errors import InvalidControl

Fault = Literal[
    "timeout",
    "reset",
    "429",
    "500",
    "empty",
    "refusal",
    "length",
    "invalid_json",
    "wrong_shape",
    "score_9",
    "nan",
    "negative",
    "unknown_tool",
    "bad_arguments",
    "endless_tools",
    "content_filter",
    "no_tools",
]
"""`timeout` never answers until the client leaves; `reset` cuts the connection; `no_tools` refuses requests with tools
as a model does that has none; the rest is what the name says."""

FAULTS: tuple[str, ...] = get_args(Fault)
SCORE_FAULTS = frozenset({"score_9", "nan", "negative"})
"""These spoil a verdict. A turn that only asks for tools passes unharmed and does not use up `times`."""

Agent = Literal["usage", "location", "billing", "aggregator"]
AGENTS: tuple[str, ...] = get_args(Agent)


class Control(BaseModel):
    """How the next calls are answered. The default is: at once and faultlessly."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    latency_s: Annotated[float, Field(ge=0, le=3600)] = 0.0
    fault: Fault | None = None
    text: str | None = None
    """Answer with just this text, whatever was asked."""
    times: Annotated[int, Field(ge=1)] | None = None
    """Only for this many calls; then everything is as by default."""
    retry_after_s: Annotated[float, Field(ge=0)] | None = None
    """The `Retry-After` header that goes with a 429."""
    agent: Agent | None = None
    """Only for the calls of this agent; all others are answered as by default."""

    requests_per_minute: Annotated[int, Field(ge=1)] | None = None
    """More than that of one deployment, or more than a sixth in ten seconds, is refused; answers tell of the limit."""

    @field_validator("fault", mode="before")
    @classmethod
    def _status_codes_may_be_numbers(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def parse_control(document: bytes) -> Control:
    """The control in a PUT's body. Raises InvalidControl with one sentence that says what is possible."""
    try:
        return Control.model_validate_json(document or b"{}")
    except ValidationError as error:
        raise InvalidControl(_sentence(error), code="invalid_control") from None


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    if field == "fault":
        return f"Unknown fault {first['input']!r}: use one of {', '.join(FAULTS)}, or null for none."
    if first["type"] == "extra_forbidden":
        return f"Unknown field '{field}': use {', '.join(Control.model_fields)}."
    if field == "agent":
        return f"Unknown agent {first['input']!r}: use one of {', '.join(AGENTS)}, or null for all."
    if not field:
        return f"The control must be a JSON object with any of {', '.join(Control.model_fields)}: {first['msg']}."
    return f"Field '{field}' cannot be {first['input']!r}: {first['msg']}."


class ControlPanel:
    """Holds the current control and counts down its `times`. Lives on one event loop."""

    def __init__(self) -> None:
        self._current = Control()

    @property
    def current(self) -> Control:
        """The current control, with the rest of `times`."""
        return self._current

    def set(self, control: Control) -> None:
        """From the next call on."""
        self._current = control

    def take(self, *, agent: str | None, is_verdict: bool) -> Control:
        """The control for one call of `agent`, which uses up one of its `times`."""
        control = self._current
        if control.agent is not None and control.agent != agent:
            return Control()
        if control.fault in SCORE_FAULTS and not is_verdict:
            return control.model_copy(update={"fault": None})
        if control.times is not None:
            left = control.times - 1
            self._current = control.model_copy(update={"times": left}) if left else Control()
        return control
