"""A known person is found in whatever form a text names them, and others are not."""

import pytest

from backend.personal_data.masking import Masker
from backend.personal_data.names import Person

FORMS = [
    ("Maria Keller", "Ms Keller, Mr. Keller's, Keller\u2019s, Kellers", "Ms K., Mr. K.'s, K.\u2019s, K."),
    ("Maria Keller", "Keller, Maria and keller, maria", "K., M. and k., m."),
    ("Maria Keller", "maria keller, maria_keller, mariakeller", "m. k., m. k., m."),
    ("Maria Keller", "a keller has wine; maria; Kellermann; KELLER", "a keller has wine; maria; Kellermann; K."),
    ("Maria Keller", "Asked for Maria Kell…", "Asked for M. K…"),
    ("Keller, Maria", "Maria Keller, Ms Keller", "M. K., Ms K."),
    ("Ms Maria Keller", "Ms Smith and Ms Keller", "Ms Smith and Ms K."),
    ("Maria Anna Keller", "maria keller", "m. k."),
    ("maria keller", "Keller was here", "K. was here"),
    ("Wei Li", "Mr Li, Li Wei, wei li, Dear Li", "Mr L., L. W., w. l., Dear L."),
    ("Wei Li", "Li is a unit; li wei", "Li is a unit; li wei"),
    ("田中太郎", "田中太郎様より、田中様と田中 太郎", "田.様より、田.様と田. 太."),
    ("田中 太郎", "田中太郎様、田中です、太郎 田中", "田.様、田.です、太. 田."),
    ("김철수", "김철수는 김 씨", "김.는 김. 씨"),
    ("Maria Keller", "Keller様から", "K.様から"),
    ("Anna-Lena Müller-Lüdenscheidt", "Anna Lena, Anna-Lena, Anna, anna-lena", "A. L., A. L., A., a. l."),
    ("Anna-Lena Müller-Lüdenscheidt", "Mueller, Muller, MU\u0308LLER", "M., M., M."),
    ("Mueller", "Müller", "M."),
    ("Søren Ågård", "Soren Aagaard", "S. A."),
    ("محمد علي", "محمد علي, محمد", "م. ع., م."),
    ("Jan van der Berg", "Mr van der Berg took the Van", "Mr v. d. B. took the Van"),
    ("Sean O'Brien", "Sean O'Brien; OBrien; sean obrien", "S. O'B.; O.; s. o."),
    ("Maria Keller", "@Keller, #Keller, <b>Keller</b>, Keller/Maria", "@K., #K., <b>K.</b>, K./M."),
    ("Mark May", "It may mark", "It may mark"),
    ("Ann May", "3 May 2026, May 3, 3rd of May; May called", "3 May 2026, May 3, 3rd of May; M. called"),
    ("Bo Art", "case-Art-1, task-Art-2, Art-1", "case-Art-1, task-Art-2, A.-1"),
    ("2026 Smith", "2026-03-14 at 2026, Smith", "2026-03-14 at 2026, S."),
    ("\u1e9ea\u017f Keller", "SSas, ssa\u017f keller", "S., s. k."),
]


@pytest.mark.parametrize(("name", "text", "masked"), FORMS, ids=range(len(FORMS)))
def test_names_are_found_in_other_forms(name: str, text: str, masked: str) -> None:
    masker = Masker([Person(name, "")])
    assert masker.text(text) == masked
    assert masker.text(masked) == masked


@pytest.mark.parametrize(
    ("email", "text", "masked"),
    [
        ("m.keller@example.com", "m.keller or M.KELLER, not xm.keller", "m… or M…, not xm.keller"),
        ("m.keller@example.com", "m.keller", "m…"),
        ("m.keller@example.com", "as m.kell…", "as m…"),
        ("mk@localhost", "MK@LocalHost, mk+shop@localhost, mk", "M…@LocalHost, m…@localhost, mk"),
        ("mkeller@example.com", "user mkeller", "user m…"),
        ("info@example.com", "see info", "see info"),
        ("mk@example.com", "www.keller.example, x@keller.example", "www.keller.example, x…@keller.example"),
    ],
)
def test_addresses_are_found_in_other_forms(email: str, text: str, masked: str) -> None:
    masker = Masker([Person("Maria Keller", email)])
    assert masker.text(text) == masked
    assert masker.text(masked) == masked


@pytest.mark.parametrize(
    "piece", ["Maria ", "Maria Keller ", "maria.", "Keller…", "田中", "Mr ", "m.keller ", "a", "é"]
)
def test_long_texts_of_names_are_read_once(piece: str) -> None:
    masker = Masker([Person("Maria Keller", "m.keller@example.com"), Person("田中太郎", "")])
    assert len(masker.text(piece * 100_000)) > 0


def test_long_runs_of_marks_are_left_as_they_are() -> None:
    written = "a" + "\u0301\u0316" * 1_000
    assert Masker([Person("Maria Keller", "")]).text(f"{written} Ke\u0301ller") == f"{written} K."
