"""What the pages have in common that are read and printed: autoescape, and how values are written."""

import json
from collections.abc import Iterator
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from contracts.alert import Baseline
from contracts.drawing import PathMark
from contracts.money import Money, as_written
from contracts.report import Finding

CHUNK_CHARS = 64 * 1024


def in_chunks(pieces: Iterator[str]) -> Iterator[bytes]:
    """A template yields thousands of small pieces; each chunk costs a trip through a thread."""
    gathered: list[str] = []
    size = 0
    for piece in pieces:
        gathered.append(piece)
        size += len(piece)
        if size >= CHUNK_CHARS:
            yield "".join(gathered).encode()
            gathered, size = [], 0
    yield "".join(gathered).encode()


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _score(score: float | None) -> str:
    return "unknown" if score is None else f"{score:.2f}"


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _pretty(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)


def _money(money: Money | None) -> str:
    return "not known" if money is None else as_written(money)


def _baseline(baseline: Baseline) -> str:
    limit = "" if baseline.threshold is None else f", limit {baseline.threshold:g}"
    return f"{baseline.observed:g}{limit}"


def _finding(finding: Finding) -> str:
    unsupported = " (unsupported)" if finding.unsupported else ""
    evidence = f" — evidence: {', '.join(finding.evidence_ids)}" if finding.evidence_ids else ""
    return f"{finding.statement}{unsupported}{evidence}"


def _path(mark: PathMark) -> str:
    """The value of `d` in SVG."""
    points = " ".join(f"{x:g},{y:g}" for x, y in mark.points)
    return f"M{points}{'Z' if mark.closed else ''}"


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("backend.http"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        when=_when,
        score=_score,
        words=_words,
        pretty=_pretty,
        money=_money,
        baseline=_baseline,
        finding=_finding,
        path=_path,
    )
    return made


PAGES = _environment()
"""Where the templates are. Whatever a person, a model or a tool wrote appears as text."""
