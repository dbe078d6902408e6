"""The words of a text, and what reading them costs."""

import unicodedata
from typing import Literal

import pytest

import casebook.queries.tokenizer
import mcp_server.text

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]


@pytest.fixture
def longest(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How long the texts were that were put into a normal form: that takes time that grows with their square."""
    lengths, normalize = [0], unicodedata.normalize

    def counted(form: Form, text: str) -> str:
        lengths.append(len(text))
        return normalize(form, text)

    monkeypatch.setattr(unicodedata, "normalize", counted)
    return lengths


def test_words_are_folded() -> None:
    wide = "\uff23\uff41\uff46\uff45\u0301"
    assert casebook.queries.tokenizer.words_of(f"{wide} ﬁne, Straße №7") == ["cafe", "fine", "strasse", "no7"]
    assert mcp_server.text.folded("Jo\u0308rg ÆØ") == "jorg aeo"


def test_long_runs_of_combining_marks_are_folded(longest: list[int]) -> None:
    text = "a" + "\u0300\u0316" * 4_000

    assert casebook.queries.tokenizer.words_of(text) == ["a"]
    assert mcp_server.text.folded(text) == "a"
    assert max(longest) == 1
