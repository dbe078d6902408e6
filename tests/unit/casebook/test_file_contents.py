"""A file is taken for what it says only if it begins as such files do."""

import codecs

import pytest

from casebook.policy.file_contents import BEGINS, TEXTS, is_what_it_says

FILES = {
    "application/pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "image/gif": b"GIF89a\x01\x00",
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF",
    "image/png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "image/webp": b"RIFF\x24\x0a\x00\x00WEBPVP8 ",
}
PAGE = b"<!doctype html><script>alert(1)</script>"
PROGRAM = b"MZ\x90\x00\x03\x00\x00\x00"


@pytest.mark.parametrize("media_type", sorted(BEGINS))
def test_each_type_is_known_by_its_beginning(media_type: str) -> None:
    for kind, content in FILES.items():
        assert is_what_it_says(media_type, content) == (kind == media_type)
    for other in (PAGE, PROGRAM, b"", b" " + FILES[media_type]):
        assert not is_what_it_says(media_type, other)
    assert not is_what_it_says(f"{media_type.upper()}; name=x", PAGE)


@pytest.mark.parametrize("media_type", sorted(TEXTS))
def test_a_text_is_one_that_can_be_read(media_type: str) -> None:
    for text in (b"", "Zoë, 3 €\r\n\tx\f".encode(), codecs.BOM_UTF8 + b"a", "Zoë".encode("utf-16"), PAGE):
        assert is_what_it_says(media_type, text)
    for other in (PROGRAM, FILES["image/png"], "Zoë".encode("cp1252"), b"a\x00b", codecs.BOM_UTF16_LE + b"a"):
        assert not is_what_it_says(media_type, other)


@pytest.mark.parametrize("media_type", ["application/octet-stream", "text/html", "application/zip", ""])
def test_what_nothing_shows_may_be_anything(media_type: str) -> None:
    assert is_what_it_says(media_type, PROGRAM)
