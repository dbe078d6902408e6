"""Keywords after which a person looks at a reply: whole words, whatever their case and their encoding."""

import pytest

from worker.domain.sensitivity import Keywords

USUAL = Keywords()


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ("This is an urgent request!", ["urgent"]),
        ("URGENT: help me", ["urgent", "help"]),
        ("Is this an Emergency?", ["emergency"]),
        ("urgent, urgent, urgent", ["urgent"]),
        ("help", ["help"]),
        ("(help)", ["help"]),
        ("help_me", ["help"]),
        ("It was helpful, not urgently", []),
        ("unhelp 1help help2", []),
        ("\uff35\uff32\uff27\uff25\uff2e\uff34", ["urgent"]),
        ("ur\u200bgent", ["urgent"]),
        ("\u202eurgent\u202c", ["urgent"]),
        ("ürgent", []),
        ("", []),
    ],
)
def test_whole_words_are_found(message: str, found: list[str]) -> None:
    assert [*USUAL.found_in(message)] == found


@pytest.mark.parametrize(
    ("keyword", "message"),
    [
        ("Straße", "STRASSE"),
        ("dringend", "Das ist DRINGEND."),
        ("срочно", "СРОЧНО!"),
        ("é", "e\u0301"),
        ("right now", "I need it Right Now."),
        ("c++", "I write c++"),
    ],
)
def test_keywords_of_other_languages_are_found(keyword: str, message: str) -> None:
    assert [*Keywords([keyword]).found_in(message)] == [keyword]


@pytest.mark.parametrize("none", [[], [""], ["  ", "\u200b"]])
def test_without_keywords_nothing_is_found(none: list[str]) -> None:
    assert [*Keywords(none).found_in("urgent help")] == []
