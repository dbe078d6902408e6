"""The metrics of `/metrics`, in Prometheus' text format."""

from collections import Counter
from collections.abc import Callable, Mapping


class Metrics:
    """Counts calls, and asks for gauges when somebody looks."""

    def __init__(self) -> None:
        self._calls: Counter[str] = Counter()
        self._refusals: Counter[str] = Counter()
        self._gauges: list[Callable[[], Mapping[str, float]]] = []

    def count_call(self, method: str) -> None:
        """A call has come in."""
        self._calls[method] += 1

    def count_refusal(self, method: str) -> None:
        """A call was answered with an error."""
        self._refusals[method] += 1

    def add_gauges(self, read: Callable[[], Mapping[str, float]]) -> None:
        """Adds figures that are read when they are asked for."""
        self._gauges.append(read)

    def render(self) -> str:
        """The exposition text."""
        lines = ["# TYPE casewright_scheduler_calls_total counter"]
        for name, calls in (("calls_total", self._calls), ("refusals_total", self._refusals)):
            lines += [f'casewright_scheduler_{name}{{method="{method}"}} {n}' for method, n in sorted(calls.items())]
        for read in self._gauges:
            lines += [f"casewright_scheduler_{name} {value}" for name, value in read().items()]
        return "\n".join(lines) + "\n"
