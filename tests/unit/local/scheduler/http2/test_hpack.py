"""Header blocks, with the examples of RFC 7541."""

import pytest

from local.scheduler.http2 import huffman
from local.scheduler.http2.hpack import DECODED_BYTES, Decoder, literal


def block(text: str) -> bytes:
    return bytes.fromhex(text)


@pytest.mark.parametrize(
    "blocks",
    [
        (  # C.3: plain strings
            "828684410f7777772e6578616d706c652e636f6d",
            "828684be58086e6f2d6361636865",
            "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
        ),
        (  # C.4: Huffman-coded strings
            "828684418cf1e3c2e5f23a6ba0ab90f4ff",
            "828684be5886a8eb10649cbf",
            "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
        ),
    ],
)
def test_the_requests_of_the_specification_are_read(blocks: tuple[str, str, str]) -> None:
    decoder = Decoder()
    first, second, third = (decoder.decode(block(text)) for text in blocks)
    assert (first.path, first.metadata) == ("/", {})
    assert (second.path, second.metadata) == ("/", {"cache-control": "no-cache"})
    assert (third.path, third.metadata) == ("/index.html", {"custom-key": "custom-value"})


def test_a_repeated_block_means_the_same_until_the_table_changes() -> None:
    decoder = Decoder()
    decoder.decode(block("4001610131"))  # a: 1, into the table
    assert decoder.decode(block("be")).metadata == {"a": "1"}
    assert decoder.decode(block("be")).metadata == {"a": "1"}
    decoder.decode(block("4001620132"))  # b: 2, now the newest entry
    assert decoder.decode(block("be")).metadata == {"b": "2"}


def test_entries_leave_a_table_that_the_client_makes_smaller() -> None:
    decoder = Decoder()
    decoder.decode(block("4001610131"))
    decoder.decode(block("20"))  # size 0
    with pytest.raises(ValueError, match="does not have"):
        decoder.decode(block("be"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ff", "ends in the middle"),
        ("4005", "ends in the middle"),
        ("80", "does not have"),
        ("3fffffffffff7f", "too large"),
        ("3fe2ff03", "larger than allowed"),
        ("4083ffff", "ends in the middle"),
        ("408200000161", "padded"),
    ],
)
def test_a_malformed_block_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Decoder().decode(block(text))


def test_a_small_block_cannot_stand_for_a_large_one() -> None:
    decoder = Decoder()
    decoder.decode(b"\x40\x01a\x7f\xa1\x1e" + b"x" * 4000)
    with pytest.raises(ValueError, match="refused"):
        decoder.decode(b"\xbe" * (DECODED_BYTES // 4000 + 1))


def test_a_written_header_reads_back() -> None:
    long = b"v" * 1000
    found = Decoder().decode(literal(b"grpc-message", long) + literal(b"a", b""))
    assert found.metadata == {"grpc-message": long.decode(), "a": ""}


def test_every_symbol_of_the_code_is_told_apart() -> None:
    codes = {symbol: (length, code) for (length, code), symbol in huffman._SYMBOLS.items()}  # pyright: ignore[reportPrivateUsage] -- the only list of them
    for symbol in range(256):
        length, code = codes[symbol]
        padding = -length % 8
        data = ((code << padding) | ((1 << padding) - 1)).to_bytes((length + padding) // 8, "big")
        assert huffman.decode(data) == bytes((symbol,))
