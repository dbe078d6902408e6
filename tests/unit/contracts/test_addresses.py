"""What of an address people may see, and where a secret could be read on its way."""

import pytest

from contracts.addresses import host_of, is_readable_on_the_way, without_credentials


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://127.0.0.1:8090/v1", "http://127.0.0.1:8090/v1"),
        ("https://models.example.test", "https://models.example.test"),
        ("http://[::1]:8070/events", "http://[::1]:8070/events"),
        ("https://[2001:db8::1]/v1", "https://[2001:db8::1]/v1"),
        ("https://ana:hunter2@models.example.test:8443/v1", "https://models.example.test:8443/v1"),
        ("https://hunter2@models.example.test/v1", "https://models.example.test/v1"),
        ("https://ana:hun@ter2@models.example.test/v1", "https://models.example.test/v1"),
        ("https://models.example.test/v1?key=hunter2", "https://models.example.test/v1?…"),
        ("https://models.example.test?key=hunter2", "https://models.example.test?…"),
        ("https://models.example.test/v1#hunter2", "https://models.example.test/v1?…"),
        ("https://models.example.test/@scope/v1", "https://models.example.test/@scope/v1"),
        ("https://ana:hunter2/x@models.example.test/v1", "https://…"),
        ("https://ana:hunter2?x@models.example.test/v1", "https://…"),
        ("https://ana:hunter2#x@models.example.test/v1", "https://…"),
        ("https://ana:hunter2\\x@models.example.test/v1", "https://…"),
        ("ana:hunter2@models.example.test", "models.example.test"),
        ("models.example.test:8080", "models.example.test:8080"),
        ("  https://ana:hunter2@models.example.test  ", "https://models.example.test"),
    ],
)
def test_an_address_is_shown_without_its_secrets(address: str, shown: str) -> None:
    assert without_credentials(address) == shown
    assert "hunter2" not in host_of(address)


def test_a_host_is_named_with_its_port() -> None:
    assert host_of("https://ana:hunter2@models.example.test:8443/v1?x=1") == "models.example.test:8443"
    assert host_of("http://[::1]:8090/v1") == "[::1]:8090"


@pytest.mark.parametrize(
    ("address", "is_readable"),
    [
        ("http://127.0.0.1:8090/v1", False),
        ("http://localhost/v1", False),
        ("http://[::1]:8090/v1", False),
        ("https://models.example.test/v1", False),
        ("http://models.example.test/v1", True),
        ("HTTP://models.example.test/v1", True),
        ("http://localhost.example.test/v1", True),
        ("http://127.0.0.1@models.example.test/v1", True),
        ("http://[::1/v1", True),
    ],
)
def test_what_is_sent_unencrypted_beyond_this_machine_is_known(address: str, is_readable: bool) -> None:
    assert is_readable_on_the_way(address) == is_readable
