"""A regulatory report as a page to read, print and file: no scripts, nothing loaded from elsewhere."""

from backend.http.html_pages import PAGES
from contracts.regulatory_report import RegulatoryReport

_TEMPLATE = PAGES.get_template("regulatory_report.html.jinja")


def report_html(report: RegulatoryReport) -> bytes:
    """The report as a page."""
    return _TEMPLATE.render(report=report).encode()
