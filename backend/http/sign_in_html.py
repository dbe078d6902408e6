"""The page on which a sign-in at the provider ends that did not work: no scripts, nothing loaded from elsewhere."""

from backend.http.html_pages import PAGES

_TEMPLATE = PAGES.get_template("sign_in_failed.html.jinja")


def sign_in_failed_html(sentence: str, again: str) -> bytes:
    """The page. `again`: where the next attempt begins."""
    return _TEMPLATE.render(sentence=sentence, again=again).encode()
