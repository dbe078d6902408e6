"""A case as a page to read and to print: one HTML file, no scripts, nothing loaded from elsewhere."""

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from casebook.audit.export import CaseSnapshot, ReadFile
from contracts.actions import EFFECTS, ReversalAction
from contracts.alert import Baseline
from contracts.note import Attachment
from contracts.report import Finding

CHUNK_CHARS = 64 * 1024

_REVERSED_WORDS: Mapping[ReversalAction, str] = {spec.reversal: f"{spec.noun} reversed" for spec in EFFECTS.values()}


def write_html(snapshot: CaseSnapshot, read_file: ReadFile) -> Iterator[bytes]:
    """The export as a page, in chunks. Whatever a person, a model or a tool wrote appears as text.

    `read_file` is called when the page comes to the file: one file is in memory at a time.
    """

    def base64_of(attachment: Attachment) -> str:
        return base64.b64encode(read_file(attachment.attachment_id).content).decode()

    pieces = _TEMPLATE.generate(snapshot=snapshot, base64_of=base64_of, reversed_words=_REVERSED_WORDS)
    return _chunks(pieces)


def _chunks(pieces: Iterator[str]) -> Iterator[bytes]:
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


def _baseline(baseline: Baseline) -> str:
    limit = "" if baseline.threshold is None else f", limit {baseline.threshold:g}"
    return f"{baseline.observed:g}{limit}"


def _finding(finding: Finding) -> str:
    unsupported = " (unsupported)" if finding.unsupported else ""
    evidence = f" — evidence: {', '.join(finding.evidence_ids)}" if finding.evidence_ids else ""
    return f"{finding.statement}{unsupported}{evidence}"


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("backend.http"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(when=_when, score=_score, words=_words, pretty=_pretty, baseline=_baseline, finding=_finding)
    return made


_TEMPLATE = _environment().get_template("case.html.jinja")
