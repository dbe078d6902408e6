"""One line of telemetry, or one sentence saying why it is none."""

from pydantic import ValidationError

from contracts.telemetry import TelemetryEvent, telemetry_event

MAX_LINE_BYTES = 1_048_576
"""A longer line is no event, and reading it whole would cost memory."""


def parse_event(line: bytes) -> TelemetryEvent | str:
    """The event in the line, or the reason why there is none."""
    try:
        return telemetry_event.validate_json(line)
    except ValidationError as error:
        return reason(error)


def reason(error: ValidationError) -> str:
    """The first thing that is wrong, naming its field, and how many more there are."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    field = ".".join(str(part) for part in problems[0]["loc"])
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{field}: {problems[0]['msg']}{more}" if field else f"{problems[0]['msg']}{more}"
