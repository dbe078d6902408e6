"""A chat completion that came as a stream although none was requested: some gateways always stream.

The chunks are joined, and the result is parsed like any other answer, in linear time.
"""

import re
from collections.abc import Callable, Iterator

from pydantic import JsonValue

JsonObject = dict[str, JsonValue]
Parse = Callable[[str], JsonValue]
"""Reads JSON; raises ValueError or RecursionError."""

_DATA = re.compile(r"(?:^|[\r\n])data:")
_PIECES = "tool_calls"
_WHOLE = frozenset({"id", "type", "name", "role"})
"""Texts that come in one piece, by some endpoints with every piece of the others."""


def is_event_stream(text: str) -> bool:
    """Whether it is a stream of server-sent events: it has a line of data, and is no JSON."""
    return not text.lstrip().startswith(("{", "[")) and _DATA.search(text) is not None


def joined(text: str, parse: Parse) -> JsonObject:
    """The completion, or the error, that the pieces add up to; a piece that cannot be read costs itself.

    An error after the model has said something cuts the answer off: what was said was paid for.
    """
    answer, choices, error = JsonObject(), dict[object, _Choice](), JsonObject()
    for piece in _pieces(text, parse):
        listed = piece.get("choices")
        if not isinstance(listed, list):
            error = error or ({"error": piece["error"]} if piece.get("error") else {})
        for place, choice in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(choice, dict):
                index = choice.get("index")
                choices.setdefault(index if isinstance(index, int) else place, _Choice()).add(choice)
        answer |= {name: piece[name] for name in ("model", "usage") if piece.get(name)}
    if error and not any(choice.says_something for choice in choices.values()):
        return error
    return {**answer, "choices": [choice.whole for choice in choices.values()]}


def _pieces(text: str, parse: Parse) -> Iterator[JsonObject]:
    """Each piece; some servers leave out the blank line between two, or the frame around each."""
    begun: list[str] = []
    for line in (*text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), ""):
        data = line if line.startswith("{") else line.removeprefix("data:") if line.startswith("data:") else None
        piece = _piece(data, parse)
        if piece is None and not line.strip():
            piece = _piece("\n".join(begun), parse)
            begun.clear()
        elif piece is None and data is not None:
            begun.append(data)
        elif piece is not None:
            begun.clear()
        if piece is not None:
            yield piece


def _piece(data: str | None, parse: Parse) -> JsonObject | None:
    try:
        piece = parse(data) if data else None
    except (ValueError, RecursionError):
        return None
    return piece if isinstance(piece, dict) else None


class _Parts:
    """Fields whose texts come in pieces."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {}
        self._others: JsonObject = {}

    def add(self, name: str, value: JsonValue) -> None:
        if isinstance(value, str):
            pieces = self._texts.setdefault(name, [])
            if value and not (name in _WHOLE and pieces):
                pieces.append(value)
        elif isinstance(value, list) and isinstance(known := self._others.get(name), list):
            known.extend(value)
        elif value is not None:
            self._others[name] = value

    @property
    def whole(self) -> JsonObject:
        return self._others | {name: "".join(pieces) for name, pieces in self._texts.items() if pieces}


class _Call:
    """One tool call."""

    def __init__(self) -> None:
        self._call, self._function = _Parts(), _Parts()

    def add(self, piece: JsonObject) -> None:
        for name, value in piece.items():
            if name == "function" and isinstance(value, dict):
                for part, said in value.items():
                    self._function.add(part, said)
            elif name != "index":
                self._call.add(name, value)

    @property
    def whole(self) -> JsonObject:
        return {**self._call.whole, "function": self._function.whole}


class _Choice:
    """One choice."""

    def __init__(self) -> None:
        self._message, self._calls = _Parts(), dict[object, _Call]()
        self._finish: JsonValue = None
        self._last: object = None

    def add(self, choice: JsonObject) -> None:
        self._finish = choice.get("finish_reason") or self._finish
        said = choice.get("delta") or choice.get("message")
        for name, value in said.items() if isinstance(said, dict) else ():
            if name == _PIECES and isinstance(value, list):
                self._add_calls(value)
            else:
                self._message.add(name, value)

    def _add_calls(self, pieces: list[JsonValue]) -> None:
        for piece in pieces:
            if not isinstance(piece, dict):
                continue
            index, call_id = piece.get("index"), piece.get("id")
            if isinstance(index, int):
                self._last = index
            elif isinstance(call_id, str) and call_id:
                self._last = call_id
            elif self._last is None or _names_another(piece):
                self._last = ("unnamed", len(self._calls))
            self._calls.setdefault(self._last, _Call()).add(piece)

    @property
    def says_something(self) -> bool:
        return bool(self._calls) or any(self._message.whole.get(name) for name in ("content", "refusal"))

    @property
    def whole(self) -> JsonObject:
        calls: JsonObject = {_PIECES: [call.whole for call in self._calls.values()]} if self._calls else {}
        return {"message": {**self._message.whole, **calls}, "finish_reason": self._finish}


def _names_another(piece: JsonObject) -> bool:
    """Whether a piece without number and id begins a call: it says which tool."""
    function = piece.get("function")
    return isinstance(function, dict) and bool(function.get("name"))
