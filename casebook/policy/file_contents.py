"""Whether a file is what it says that it is, by its first bytes. Pure."""

import codecs
import re
from collections.abc import Mapping

BEGINS: Mapping[str, re.Pattern[bytes]] = {
    "application/pdf": re.compile(rb"%PDF-[0-9]"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
}
"""How each file of a type begins."""
TEXTS = frozenset({"text/csv", "text/plain"})
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def is_what_it_says(media_type: str, content: bytes) -> bool:
    """Whether the content may be of the type that was declared for it.

    A picture or a document begins as such files do; a text is UTF-8, or UTF-16 with its mark, and holds no control
    characters. Of other types, which nothing shows, anything may be true.
    """
    kind = media_type.partition(";")[0].strip().lower()
    if kind in TEXTS:
        return _is_text(content)
    return kind not in BEGINS or BEGINS[kind].match(content) is not None


def _is_text(content: bytes) -> bool:
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return _CONTROL.search(content.decode("utf-16" if marked else "utf-8-sig")) is None
    except UnicodeDecodeError:
        return False
