"""Words that the glossary retires are refused, wherever it says, and only there."""

from pathlib import Path

import pytest

from scripts.check_words import GLOSSARY, ROOT, long_test_names, offences, retired_words, tracked_files

TABLE = """# Glossary

| `Alert` | what a rule raises | `contracts/alert.py` |

## Retired words

| Retired | Say | In |
|---|---|---|
| `Gizmo`, `Gizmos` | `ExpectedRow` | |
| `bustle` | priority | casebook backend/api |
| `spick span` | corrected | |
"""
WORDS = retired_words(TABLE)


def test_each_retired_word_has_its_row() -> None:
    assert [(each.word, each.instead, each.folders) for each in WORDS] == [
        ("Gizmo", "`ExpectedRow`", ()),
        ("Gizmos", "`ExpectedRow`", ()),
        ("bustle", "priority", ("casebook", "backend/api")),
        ("spick span", "corrected", ()),
    ]


@pytest.mark.parametrize(
    ("path", "text", "lines"),
    [
        ("casebook/audit/verify.py", "from x import Gizmo\n\nGizmos()\n", [1, 3]),
        ("docs/casebook.md", "Each `Gizmo` is\nbound.", [1]),
        ("casebook/a.py", "gizmology = Gizmoing = Gizmo_2\n", []),
        ("casebook/a.py", "case.bustle\n", [1]),
        ("backend/api/a.py", "bustle", [1]),
        ("backend/live/a.py", "bustle", []),
        ("web/src/time.ts", "bustle", []),
        ("worker/a.py", "Spick span.\ndef is_spick_span_once(): ...\nspick spans\n", [1, 2]),
    ],
)
def test_a_retired_word_is_found_as_a_whole_word(path: str, text: str, lines: list[int]) -> None:
    found = list(offences(Path(path), text, WORDS))
    assert [int(sentence.split(":")[1]) for sentence in found] == lines
    assert all("is retired; say" in sentence for sentence in found)


def test_a_file_named_by_a_retired_word_is_refused() -> None:
    (sentence,) = offences(Path("casebook/bustle.py"), "", WORDS)
    assert sentence == "casebook/bustle.py: 'bustle' is retired; say priority (docs/glossary.md)."


def test_a_glossary_without_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="restore it"):
        retired_words("# Glossary\n")


@pytest.mark.integration
def test_everything_tracked_but_the_glossary_is_looked_at() -> None:
    words = retired_words((ROOT / GLOSSARY).read_text(encoding="utf-8"))
    files = list(tracked_files(ROOT))
    assert len(words) > 10
    assert Path("casebook/schema/cases.py") in files
    assert Path("scripts/check") in files
    assert GLOSSARY not in files


def test_test_named_in_more_than_nine_words_is_refused() -> None:
    nine = "def test_a_b_c_d_e_f_g_h_i(book):\n"
    ten = "    async def test_a_b_c_d_e_f_g_h_i_j():\n"
    assert list(long_test_names(Path("tests/unit/test_x.py"), nine)) == []
    assert list(long_test_names(Path("tests/unit/test_x.py"), nine + ten)) == [
        "tests/unit/test_x.py:2: 'test_a_b_c_d_e_f_g_h_i_j' has 10 words; say the behaviour in at most 9."
    ]
    assert list(long_test_names(Path("scripts/x.py"), ten)) == []
