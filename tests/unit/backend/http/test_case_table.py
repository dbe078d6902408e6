"""No cell of an exported table is a formula, whoever reads it, and nothing else of it is lost."""

import csv
import io
import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.http.case_table import CSV_COLUMNS, WRITERS, defused
from contracts.case import CaseSummary
from tests.unit.casebook.builders import NOON

FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20\t\r")
BLANKS = " \xa0\u2003\u3000\u200b\u2060\ufeff"
PIECES = [*FORMULA, *BLANKS, *",;|\"'\n\t\r\x1c\x85\u2028", "a", "1", "cmd|' /C calc'!A0"]
HOSTILE = st.lists(st.sampled_from(PIECES)).map("".join)


def a_summary(description: str = "Two logins.", **more: object) -> CaseSummary:
    return CaseSummary.model_validate(
        {
            "case_id": "case-impossible_travel-1",
            "kind": "fraud",
            "alert_id": "impossible_travel-1",
            "customer_id": 1,
            "alert_type": "impossible_travel",
            "severity": "high",
            "description": description,
            "source": "live",
            "state": "awaiting_review",
            "round": 1,
            "risk_score": 0.8,
            "opened_at": NOON,
            "updated_at": NOON,
            "last_seq": 7,
        }
        | more
    )


def csv_of(*cases: CaseSummary) -> str:
    return (WRITERS["csv"].header + WRITERS["csv"].write(cases)).decode("utf-8-sig")


def is_formula(cell: str) -> bool:
    return cell.startswith(("\t", "\r")) or cell.strip(BLANKS + "\n").startswith(FORMULA)


@given(st.lists(st.one_of(HOSTILE, st.text()).filter(bool), min_size=1, max_size=4))
@example(["a;=1+1", '"=1"', "\t\t=1", " \xa0=1", '",=1', "x\n- y"])
def test_no_reader_finds_a_formula(texts: list[str]) -> None:
    table = csv_of(*(a_summary(text) for text in texts))
    for separator in ",;\t|":
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
            # Strict readers refuse such a line; the lenient ones are the danger.
            for line in csv.reader(io.StringIO(table, newline=""), delimiter=separator, quoting=quoting):
                assert [cell for cell in line if is_formula(cell.strip('"'))] == []


@given(st.lists(st.one_of(HOSTILE, st.text()).filter(bool), min_size=1, max_size=4))
def test_table_has_a_row_per_case(texts: list[str]) -> None:
    header, *rows = csv.reader(io.StringIO(csv_of(*map(a_summary, texts)), newline=""), strict=True)
    assert header == [*CSV_COLUMNS]
    shown = [dict(zip(header, row, strict=True))["description"] for row in rows]
    assert [text.replace("'", "") for text in shown] == [text.replace("'", "") for text in texts]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Two logins.", "Two logins."),
        ("A 3-D printer, well-known; it's a + b", "A 3-D printer, well-known; it's a + b"),
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("@SUM(1)", "'@SUM(1)"),
        ("  -1", "'  -1"),
        ("\t=1", "'\t'=1"),
        ("\uff1d1", "'\uff1d1"),
        ("1;=2", "1;'=2"),
        ('say "=2"', 'say "\'=2"'),
    ],
)
def test_only_what_begins_a_formula_is_defused(text: str, written: str) -> None:
    assert defused(text) == written


def test_defusing_long_texts_takes_time_in_proportion() -> None:
    """Each position is looked at once: a run of blanks is not read again from each of its characters."""
    for filling in (" ", "\n", "\t", ", ", "\u2028", ";"):
        text = filling * 100_000 + "x"
        assert re.sub("'", "", defused(text)) == text


def test_json_lines_repeat_what_the_list_says() -> None:
    cases = [a_summary("=1+1\n\u2028"), a_summary(customer_id=2)]
    written = WRITERS["jsonl"].write(cases).decode()
    assert [json.loads(line) for line in written.removesuffix("\n").split("\n")] == [
        case.model_dump(mode="json") for case in cases
    ]


def test_csv_begins_with_a_byte_order_mark() -> None:
    assert WRITERS["csv"].header.startswith(b'\xef\xbb\xbf"case_id",')
    assert WRITERS["csv"].write([a_summary()]).endswith(b'"\r\n')
    assert b'"2026-03-14T12:00:00.000000Z"' in WRITERS["csv"].write([a_summary()])
