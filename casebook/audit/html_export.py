"""A case as a page to read and to print: one HTML file, no scripts, nothing loaded from elsewhere."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from html import escape

from casebook.audit.export import CaseSnapshot, ReadFile
from contracts.alert import Alert
from contracts.assessment import RiskAssessment
from contracts.case import CaseEvent, Round
from contracts.effect import ReversalAction
from contracts.note import Attachment
from contracts.report import Evidence, SpecialistReport
from contracts.review import Decision

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #1a1d21; background: #fff; max-width: 60rem;
  margin: 2rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem;
  border-bottom: 1px solid #c9ced6; padding-bottom: .25rem; } h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
p, ul { margin: .35rem 0; } .quiet { color: #565e6a; } .said { white-space: pre-wrap; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; } th, td { text-align: left; vertical-align: top;
  padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #e2e5ea; } th { font-weight: 600; white-space: nowrap; }
code, pre { font: .8rem/1.45 ui-monospace, monospace; overflow-wrap: anywhere; white-space: pre-wrap; }
pre { background: #f4f5f7; padding: .6rem; margin: .35rem 0; }
section { break-inside: auto; } h2, h3 { break-after: avoid; } tr { break-inside: avoid; }
@media print { body { max-width: none; margin: 0; padding: 0; font-size: 10.5pt; } a { color: inherit; }
  @page { margin: 18mm; } }
""".strip()

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


_TAKEN_BACK: Mapping[ReversalAction, str] = {
    "unlock_account": "lock reversed",
    "reverse_refund": "refund reversed",
}


def write_html(snapshot: CaseSnapshot, read_file: ReadFile) -> Iterator[bytes]:
    """The export as a page, piece by piece. Whatever a person, a model or a tool wrote appears as text."""
    for piece in _page(snapshot, read_file):
        yield piece.encode()


def _page(snapshot: CaseSnapshot, read_file: ReadFile) -> Iterator[str]:
    case = snapshot.case
    yield (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(case.case_id)}</title>\n<style>\n{STYLE}\n</style>\n</head>\n<body>\n<main>\n"
    )
    yield f"<h1>{escape(case.case_id)}</h1>\n"
    outcome = "" if case.outcome is None else f", {_words(case.outcome)}"
    taken_back = [_TAKEN_BACK[each.action] for each in case.reversals if each.status == "done"]
    outcome += f", then {', '.join(taken_back)}" if taken_back else ""
    yield _p(f"{_words(case.state)}{outcome} · round {case.round} · exported {_when(snapshot.exported_at)}", "quiet")
    yield from _alert(case.alert)
    for each in snapshot.rounds:
        yield from _round(each)
    yield from _effects(snapshot)
    yield from _notes(snapshot)
    yield from _files(snapshot.attachments, read_file)
    yield from _evidence(snapshot.evidence)
    yield from _timeline(snapshot.events)
    yield "</main>\n</body>\n</html>\n"


def _alert(alert: Alert) -> Iterator[str]:
    yield "<section>\n<h2>Alert</h2>\n"
    yield _p(alert.description, "said")
    rows = [
        ("Customer", str(alert.customer_id)),
        ("Rule", f"{alert.rule_id}, version {alert.rule_version}"),
        ("Severity", alert.severity),
        ("Raised", _when(alert.raised_at)),
        ("Source", alert.source),
    ]
    if alert.baseline is not None:
        limit = "" if alert.baseline.threshold is None else f", limit {alert.baseline.threshold:g}"
        rows.append((_words(alert.baseline.metric), f"{alert.baseline.observed:g}{limit}"))
    yield _facts(rows)
    if alert.trimmed is not None:
        yield _p(alert.trimmed, "quiet")
    if alert.trigger_events:
        yield "<h3>Events that raised it</h3>\n"
        yield from (_json(event.model_dump(mode="json")) for event in alert.trigger_events)
    yield "</section>\n"


def _round(each: Round) -> Iterator[str]:
    yield f"<section>\n<h2>Round {each.round}</h2>\n"
    if each.assessment is not None:
        yield from _assessment(each.assessment)
    for report in each.reports:
        yield from _report(report)
    if each.review is not None:
        review = each.review
        asked = f"Asked of: {review.required_role}, opened {_when(review.opened_at)}, due {_when(review.due_at)}."
        yield "<h3>Review</h3>\n" + _p(asked)
        if review.four_eyes_actions:
            yield _p("Two people needed for: " + ", ".join(map(_words, review.four_eyes_actions)) + ".")
        yield _p(f"Bound to the assessment {review.assessment_hash}", "quiet")
    if each.decision is not None:
        yield from _decision(each.decision)
    yield "</section>\n"


def _assessment(assessment: RiskAssessment) -> Iterator[str]:
    yield "<h3>Assessment</h3>\n"
    risk, recommended = "Not assessed: there was no evidence to judge by", "Nothing"
    if assessment.is_judged:
        risk = f"{_score(assessment.overall_risk_score)}, {assessment.risk_level}"
        recommended = "Nothing" if assessment.recommended_action is None else _words(assessment.recommended_action)
    yield _facts([("Risk", risk), ("Recommended", recommended)])
    yield _p(assessment.reasoning, "said")
    if assessment.reasoning_unsupported_reason is not None:
        yield _p(f"The reasoning is an opinion. {assessment.reasoning_unsupported_reason}")
    yield _list(assessment.route_reasons)


def _report(report: SpecialistReport) -> Iterator[str]:
    yield f"<h3>{escape(report.specialist.capitalize())}: risk {_score(report.risk_score)}</h3>\n"
    if report.reason is not None:
        yield _p(report.reason, "said")
    if report.trimmed is not None:
        yield _p(report.trimmed, "quiet")
    yield _list(
        f"{finding.statement}{' (unsupported)' if finding.unsupported else ''}"
        f"{' — evidence: ' + ', '.join(finding.evidence_ids) if finding.evidence_ids else ''}"
        for finding in report.findings
    )


def _decision(decision: Decision) -> Iterator[str]:
    verdict = "Rejected" if decision.action is None else f"Approved: {_words(decision.action)}"
    yield f"<h3>Decision: {escape(verdict)}</h3>\n"
    rows = [("Decided by", f"{decision.decided_by}, {_when(decision.decided_at)}")]
    rows += [
        ("Approved by", f"{approval.approved_by}, {_when(approval.approved_at)}")
        for approval in decision.approvals or ()
    ]
    optional = (
        ("Disposition", decision.disposition and _words(decision.disposition)),
        ("Reason", decision.reason_code),
        ("Feedback", decision.feedback),
        ("Comment", decision.comment),
    )
    yield _facts([*rows, *((name, said) for name, said in optional if said)])


def _effects(snapshot: CaseSnapshot) -> Iterator[str]:
    case = snapshot.case
    if not case.effects and not case.reversals:
        return
    yield "<section>\n<h2>Effects</h2>\n"
    for effect in case.effects:
        yield f"<h3>{escape(_words(effect.action))}: {escape(effect.status)}</h3>\n"
        yield _p(effect.key, "quiet")
        if effect.result is not None:
            yield _json(effect.result)
    for reversal in case.reversals:
        yield f"<h3>Taking back ({escape(_words(reversal.action))}): {escape(reversal.status)}</h3>\n"
        rows = [
            ("Takes back", reversal.undoes),
            ("Reason", reversal.reason),
            ("Requested by", f"{reversal.requested_by}, {_when(reversal.requested_at)}"),
        ]
        if reversal.decided_by is not None and reversal.decided_at is not None:
            rows.append(("Decided by", f"{reversal.decided_by}, {_when(reversal.decided_at)}"))
        if reversal.comment:
            rows.append(("Comment", reversal.comment))
        yield _facts(rows)
    yield "</section>\n"


def _notes(snapshot: CaseSnapshot) -> Iterator[str]:
    if not snapshot.notes:
        return
    yield "<section>\n<h2>Notes</h2>\n"
    for note in snapshot.notes:
        yield f"<h3>{escape(note.author)}, {_when(note.created_at)}</h3>\n" + _p(note.text, "said")
    yield "</section>\n"


def _files(attachments: Iterable[Attachment], read_file: ReadFile) -> Iterator[str]:
    for index, attachment in enumerate(attachments):
        yield "" if index else "<section>\n<h2>Files</h2>\n"
        content = base64.b64encode(read_file(attachment.attachment_id).content).decode()
        # Never as the type that the sender named: whoever opens it shall save it first.
        link = f"data:application/octet-stream;base64,{content}"
        yield f'<p><a download="{escape(attachment.name)}" href="{link}">{escape(attachment.name)}</a>, '
        yield f"{attachment.size:,} bytes, added by {escape(attachment.added_by)}, {_when(attachment.added_at)}<br>"
        yield f"<code>{escape(attachment.content_hash)}</code></p>\n"
    if attachments:
        yield "</section>\n"


def _evidence(evidence: Iterable[Evidence]) -> Iterator[str]:
    for index, item in enumerate(evidence):
        yield "" if index else "<section>\n<h2>Evidence</h2>\n"
        yield f"<h3>{escape(item.evidence_id)}: {escape(item.tool)}</h3>\n"
        yield _p(f"Recorded {_when(item.recorded_at)}", "quiet")
        yield _json(item.arguments) + _json(item.result)
    if evidence:
        yield "</section>\n"


def _timeline(events: Iterable[CaseEvent]) -> Iterator[str]:
    yield "<section>\n<h2>Timeline</h2>\n<table>\n"
    yield "<tr><th>No.</th><th>When</th><th>What</th><th>Who</th><th>Hash</th></tr>\n"
    for event in events:
        cells = (str(event.seq), _when(event.at), _words(event.type), event.actor)
        yield "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        yield f"<td><code>{escape(event.hash.removeprefix('sha256:'))}</code></td></tr>\n"
    yield "</table>\n</section>\n"


def _p(text: str, style: str = "") -> str:
    marked = f' class="{style}"' if style else ""
    return f"<p{marked}>{escape(text)}</p>\n"


def _facts(rows: Iterable[tuple[str, str]]) -> str:
    cells = (f'<tr><th>{escape(name)}</th><td class="said">{escape(said)}</td></tr>\n' for name, said in rows)
    return f"<table>\n{''.join(cells)}</table>\n"


def _list(items: Iterable[str]) -> str:
    lines = "".join(f"<li>{escape(item)}</li>\n" for item in items)
    return f"<ul>\n{lines}</ul>\n" if lines else ""


def _json(value: object) -> str:
    return f"<pre>{escape(json.dumps(value, ensure_ascii=False, indent=1))}</pre>\n"


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _score(score: float | None) -> str:
    return "unknown" if score is None else f"{score:.2f}"


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()
