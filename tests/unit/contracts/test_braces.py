"""Objects are found in bytes however these are cut, and as one who looks at each byte finds them."""

from hypothesis import given
from hypothesis import strategies as st

from contracts.braces import Braces

PARTS = st.lists(st.text('{}"\\\\a\n', max_size=12).map(str.encode), max_size=6)


def ends(data: bytes) -> list[int]:
    """Byte by byte."""
    found, depth, in_text, escaped = list[int](), 0, False, False
    for at, mark in enumerate(data.decode(), 1):
        if in_text:
            in_text, escaped = escaped or mark != '"', mark == "\\" and not escaped
        elif mark == '"':
            in_text = True
        elif mark == "{":
            depth += 1
        elif mark == "}" and depth:
            depth -= 1
            found += [] if depth else [at]
    return found


@given(PARTS)
def test_ends_are_those_that_each_byte_shows(parts: list[bytes]) -> None:
    braces, found, before = Braces(), list[int](), 0
    for part in parts:
        found += [before + end for end in braces.ends(part)]
        before += len(part)
    assert found == ends(b"".join(parts))
