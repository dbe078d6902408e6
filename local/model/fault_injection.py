"""Fault injection: how each fault of `PUT /control` changes an answer."""

import json
from collections.abc import Callable, Mapping

from local.model.control import Control
from local.model.errors import InvalidRequest, RateLimited, ServerFault
from local.model.turn import ToolRequest, Turn

SCORE_KEYS = ("risk_score", "overall_risk_score")
UNKNOWN_TOOL = "wire_all_money_abroad"


def raise_error_fault(control: Control, *, has_tools: bool) -> None:
    """Raise RateLimited, ServerFault or InvalidRequest if the control asks for one."""
    if control.fault == "no_tools" and has_tools:
        raise InvalidRequest(
            "'tools' is not supported by this model: this was asked for by PUT /control.", param="tools"
        )
    if control.fault == "429":
        after = control.retry_after_s
        headers = {} if after is None else {"Retry-After": f"{after:g}"}
        raise RateLimited(
            "Rate limit reached for casewright-rules-1: this was asked for by PUT /control.",
            code="rate_limit_exceeded",
            headers=headers,
        )
    if control.fault == "500":
        raise ServerFault("The server had an error: this was asked for by PUT /control.")


Offered = tuple[ToolRequest, ...]
"""One well-formed call for each tool of the request."""


def inject_fault(turn: Turn, control: Control, offered: Offered) -> Turn:
    """`turn` as the control wants it; unchanged if it wants nothing."""
    if control.text is not None:
        turn = Turn(text=control.text)
    change = _CHANGES.get(control.fault or "")
    return change(turn, offered) if change else turn


def _empty(_turn: Turn, _offered: Offered) -> Turn:
    return Turn(text="")


def _refusal(_turn: Turn, _offered: Offered) -> Turn:
    return Turn(refusal="I'm sorry, but I can't help with that.")


def _length(turn: Turn, _offered: Offered) -> Turn:
    text = turn.text or '{"evaluable": true, "reason": null, "risk_score": 0.1, "findings": ['
    return Turn(text=text[: max(1, len(text) // 2)], finish_reason="length")


def _invalid_json(_turn: Turn, _offered: Offered) -> Turn:
    return Turn(text='{"evaluable": true, "risk_score": 0.1, "findings": [{"statement": "cut off here')


def _wrong_shape(_turn: Turn, _offered: Offered) -> Turn:
    return Turn(text=json.dumps({"verdict": "all is well", "confidence": "very high"}))


def _content_filter(_turn: Turn, _offered: Offered) -> Turn:
    return Turn(text="", finish_reason="content_filter")


def _with_score(score: float) -> Callable[[Turn, Offered], Turn]:
    def change(turn: Turn, _offered: Offered) -> Turn:
        try:
            verdict = json.loads(turn.text or "{}")
        except ValueError:
            verdict = {}
        keys = [key for key in SCORE_KEYS if key in verdict]
        return Turn(text=json.dumps({**verdict, **dict.fromkeys(keys or SCORE_KEYS, score)}))

    return change


def _unknown_tool(_turn: Turn, _offered: Offered) -> Turn:
    return Turn.calling(ToolRequest(UNKNOWN_TOOL, "{}"))


def _bad_arguments(_turn: Turn, offered: Offered) -> Turn:
    name = offered[0].name if offered else UNKNOWN_TOOL
    return Turn.calling(ToolRequest(name, '{"customer_id": "not a number", "surprise": true}'))


def _endless_tools(_turn: Turn, offered: Offered) -> Turn:
    return Turn.calling(offered[0] if offered else ToolRequest(UNKNOWN_TOOL, "{}"))


_CHANGES: Mapping[str, Callable[[Turn, Offered], Turn]] = {
    "empty": _empty,
    "refusal": _refusal,
    "length": _length,
    "invalid_json": _invalid_json,
    "wrong_shape": _wrong_shape,
    "score_9": _with_score(9),
    "nan": _with_score(float("nan")),
    "negative": _with_score(-0.2),
    "unknown_tool": _unknown_tool,
    "bad_arguments": _bad_arguments,
    "endless_tools": _endless_tools,
    "content_filter": _content_filter,
}
