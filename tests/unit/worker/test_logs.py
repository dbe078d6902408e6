"""What a log line says, and what it never does."""

import logging
import sys

import pytest

from worker.logs import KeyValueFormatter


def line(message: str) -> str:
    try:
        raise ValueError(message)
    except ValueError:
        record = logging.LogRecord("mcp", logging.WARNING, __file__, 1, message, None, sys.exc_info())
    return KeyValueFormatter().format(record)


@pytest.mark.parametrize(
    "address",
    [
        "http://ana:hunter2@tools.example.test/mcp",
        "https://hunter2@tools.example.test",
        "https://ana:hun@ter2:hunter2@tools.example.test/mcp",
        "https://tools.example.test/mcp?api_key=hunter2&x=1",
        "https://tools.example.test/mcp?x=1&access_token=hunter2",
    ],
)
def test_a_line_shows_no_credentials_of_an_address(address: str) -> None:
    said = line(f"Client error '401' for url '{address}'")

    assert "hunter2" not in said
    assert "tools.example.test" in said
    assert "x=1" in said or "x=1" not in address


def test_an_address_without_credentials_stays_as_it_is() -> None:
    assert "http://127.0.0.1:8000/@scope/mcp?x=1" in line("Waiting for http://127.0.0.1:8000/@scope/mcp?x=1")
