"""Counts the calls of the model server."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from local.model.tokens import Usage


class Stats:
    """Counts chat-completions calls, how many run at once, and their tokens. Lives on one event loop."""

    def __init__(self) -> None:
        self._calls = 0
        self._in_flight = 0
        self._max_in_flight = 0
        self._prompt_tokens = 0
        self._completion_tokens = 0
        self._faults: Counter[str] = Counter()
        self._agents: Counter[str] = Counter()

    @contextmanager
    def call(self) -> Generator[None]:
        """One call, from its arrival until its last byte or the client's leaving."""
        self._calls += 1
        self._in_flight += 1
        self._max_in_flight = max(self._max_in_flight, self._in_flight)
        try:
            yield
        finally:
            self._in_flight -= 1

    def count_usage(self, usage: Usage) -> None:
        """Add the tokens of an answered call."""
        self._prompt_tokens += usage.prompt_tokens
        self._completion_tokens += usage.completion_tokens

    def count_agent(self, name: str | None) -> None:
        """Add one call of an agent; None for one that belongs to no case."""
        if name is not None:
            self._agents[name] += 1

    def count_fault(self, name: str) -> None:
        """Add one fault that was played out."""
        self._faults[name] += 1

    def snapshot(self) -> dict[str, int | dict[str, int]]:
        """The numbers as `GET /control/stats` gives them."""
        return {
            "calls": self._calls,
            "in_flight": self._in_flight,
            "max_in_flight": self._max_in_flight,
            "tokens": self._prompt_tokens + self._completion_tokens,
            "prompt_tokens": self._prompt_tokens,
            "completion_tokens": self._completion_tokens,
            "faults": dict(self._faults),
            "agents": dict(self._agents),
        }
