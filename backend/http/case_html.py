"""A case as a page to read and to print: one HTML file, no scripts, nothing loaded from elsewhere."""

import base64
from collections.abc import Iterator, Mapping

from backend.drawings import drawings_of
from backend.http.html_pages import PAGES, in_chunks
from casebook.audit.export import CaseSnapshot, ReadFile
from contracts.actions import EFFECTS, ReversalAction
from contracts.fraud_case import FraudCaseView
from contracts.note import Attachment

_REVERSED_WORDS: Mapping[ReversalAction, str] = {spec.reversal: f"{spec.noun} reversed" for spec in EFFECTS.values()}
_TEMPLATE = PAGES.get_template("case.html.jinja")


def write_html(snapshot: CaseSnapshot, read_file: ReadFile, made_by: str) -> Iterator[bytes]:
    """The export as a page, in chunks. Whatever a person, a model or a tool wrote appears as text.

    `made_by`: whoever exports it, which it says. `read_file` is called when the page comes to the file: one file is in
    memory at a time.
    """

    def base64_of(attachment: Attachment) -> str:
        return base64.b64encode(read_file(attachment.attachment_id).content).decode()

    case = snapshot.case
    pieces = _TEMPLATE.generate(
        snapshot=snapshot,
        made_by=made_by,
        alerts=case.alerts if isinstance(case, FraudCaseView) else (),
        drawings_of=drawings_of,
        base64_of=base64_of,
        reversed_words=_REVERSED_WORDS,
    )
    return in_chunks(pieces)
