import asyncio
import socket
import threading
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Any

import httpcore
import pytest

from backend.delivery.addresses import (
    Address,
    AddressGuard,
    AddressRefused,
    GuardedBackend,
    parse_networks,
    resolve,
    why_closed,
)
from backend.delivery.webhooks import WebhookSender
from backend.services.errors import WebhookUrlRefused
from contracts.subscriptions import MAX_URL
from tests.support.webhook_receiver import WebhookReceiver
from tests.unit.backend.delivery.events import an_event, changing, names

pytestmark = pytest.mark.anyio

LOOPBACK = parse_networks("127.0.0.0/8")
NO_URL = "That is no URL: write it like https://example.com/events."
NO_HOST = "The URL names no host: write it like https://example.com/events."
NO_PORT = "The port of the URL is none: ports are 1 to 65535."
NO_HTTPS = "Only https is spoken to a webhook: give a URL that begins with https://."
CREDENTIALS = "The URL holds a user or a password: leave them out, the signature shows where an event comes from."
FRAGMENT = "The URL holds a fragment, which is sent to nobody: leave out what begins with '#'."
AT_10 = "is at 10.1.2.3, which is a private address"
ALLOW = "name a public host, or allow its network by WEBHOOK_ALLOWED_NETWORKS."
PUBLIC = names(
    example_com=["93.184.216.34", "2606:2800:21f:cb07::1"],
    inside_example_com=["10.1.2.3"],
    mixed_example_com=["93.184.216.34", "10.0.0.7"],
    six_example_com=["2606:2800:21f:cb07::1", "fd00::5"],
    mapped_example_com=["::ffff:127.0.0.1"],
)

CLOSED = {
    "127.0.0.1": "a loopback address",
    "127.255.255.254": "a loopback address",
    "::1": "a loopback address",
    "0.0.0.0": "a reserved address",
    "::": "a reserved address",
    "10.0.0.1": "a private address",
    "172.16.0.1": "a private address",
    "172.31.255.255": "a private address",
    "192.168.1.1": "a private address",
    "100.64.0.1": "a private address",
    "fd12:3456::1": "a private address",
    "fec0::1": "a private address",
    "169.254.1.1": "a link-local address",
    "fe80::1": "a link-local address",
    "169.254.169.254": "the address of a metadata service",
    "168.63.129.16": "the address of a metadata service",
    "100.100.100.200": "the address of a metadata service",
    "fd00:ec2::254": "the address of a metadata service",
    "192.0.0.192": "a reserved address",
    "198.19.0.1": "a reserved address",
    "203.0.113.9": "a reserved address",
    "240.0.0.1": "a reserved address",
    "255.255.255.255": "a reserved address",
    "224.0.0.1": "a multicast address",
    "239.1.1.1": "a multicast address",
    "ff02::1": "a multicast address",
    "64:ff9b::a00:1": "an address that stands for another one",
    "64:ff9b:1::a00:1": "an address that stands for another one",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2": "an address that stands for another one",
    "2002:a00:1::1": "an address that stands for another one",
    "::10.0.0.1": "a reserved address",
    "::ffff:0:10.0.0.1": "a reserved address",
    "2001:db8::1": "a reserved address",
    "2001:2::1": "a reserved address",
    "3fff::1": "a reserved address",
    "5f00::1": "a reserved address",
    "100::1": "a reserved address",
}
OPEN = ["1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.255.255", "100.128.0.1", "168.63.129.17", "223.255.255.255"]
OPEN_SIX = ["2606:4700::1111", "2a00:1450:4001::200e", "2001:4860:4860::8888"]


@pytest.mark.parametrize(("address", "kind"), CLOSED.items())
def test_an_address_that_is_not_public_is_named(address: str, kind: str) -> None:
    assert why_closed(ip_address(address)) == kind


@pytest.mark.parametrize("address", OPEN + OPEN_SIX)
def test_a_public_address_is_open(address: str) -> None:
    assert why_closed(ip_address(address)) is None


REFUSED = {
    "": NO_URL,
    "events": NO_URL,
    "example.com/events": NO_URL,
    "//example.com/events": NO_URL,
    "https:/example.com": NO_URL,
    "https://": NO_HOST,
    "https:///events": NO_HOST,
    "https://?a=b": NO_HOST,
    "https://:443/": NO_HOST,
    "https://exam ple.com/": NO_URL,
    "https://example.com/\n": NO_URL,
    "https://example.com/\x00": NO_URL,
    "https://example.com/\ud800": NO_URL,
    "https://ex\ud800mple.com/": NO_URL,
    "https://\u202eexample.com/": NO_URL,
    "https://☃.example.com/": NO_URL,
    "https://0177.0.0.1/": NO_URL,
    "https://[::1/": NO_PORT,
    "https://example.com/" + "a" * MAX_URL: f"The URL has more than {MAX_URL} characters: give a shorter one.",
    "ftp://example.com/": NO_HTTPS,
    "file:///etc/passwd": NO_HTTPS,
    "gopher://127.0.0.1:6379/_": NO_HTTPS,
    "javascript:alert(1)": NO_URL,
    "https://bob@example.com/": CREDENTIALS,
    "https://bob:secret@example.com/": CREDENTIALS,
    "https://@example.com/": CREDENTIALS,
    "https://example.com\\@127.0.0.1/": CREDENTIALS,
    "https://example.com:443@127.0.0.1/": CREDENTIALS,
    "https://example.com/#top": FRAGMENT,
    "https://example.com/#": FRAGMENT,
    "https://example.com:0/": NO_PORT,
    "https://example.com:65536/": NO_PORT,
    "https://example.com:-1/": NO_PORT,
    "https://example.com:https/": NO_PORT,
    "https://nowhere.example.com/": "The host 'nowhere.example.com' has no address: check its name.",
    "https://münchen.de/": "The host 'xn--mnchen-3ya.de' has no address: check its name.",
    "https://inside.example.com/": f"The host 'inside.example.com' {AT_10}: {ALLOW}",
    "https://inside.example.com./": f"The host 'inside.example.com.' {AT_10}: {ALLOW}",
    "https://INSIDE.example.com/": f"The host 'inside.example.com' {AT_10}: {ALLOW}",
    "https://mixed.example.com": "The host 'mixed.example.com' is at 10.0.0.7, which is a private address: " + ALLOW,
    "https://six.example.com/": f"The host 'six.example.com' is at fd00::5, which is a private address: {ALLOW}",
    "https://mapped.example.com": "The host 'mapped.example.com' is at 127.0.0.1, which is a loopback address: "
    + ALLOW,
    "http://example.com/": "The host 'example.com' is at 93.184.216.34, which is not in a network of "
    "WEBHOOK_ALLOWED_NETWORKS: only to those http is spoken, use https.",
}


@pytest.mark.parametrize(("url", "sentence"), REFUSED.items(), ids=ascii)
async def test_a_url_is_refused_in_one_sentence(url: str, sentence: str) -> None:
    with pytest.raises(WebhookUrlRefused) as refused:
        await WebhookSender((), resolver=PUBLIC).check(url)

    assert str(refused.value) == sentence
    assert refused.value.fields == (("url", sentence),)


TAKEN = [
    "https://example.com",
    "https://example.com:8443/events?key=1&ä=ü",
    "HTTPS://EXAMPLE.com/",
    "https://example.com./events",
]


@pytest.mark.parametrize("url", TAKEN)
async def test_a_public_url_is_taken(url: str) -> None:
    await WebhookSender((), resolver=PUBLIC).check(url)


NUMBERS = ["2130706433", "0x7f.1", "0x7f000001", "127.1", "127。0。0。1", "localhost"]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", NUMBERS)
async def test_another_spelling_of_loopback_is_loopback(scheme: str, host: str) -> None:
    """By the resolver of this machine, which understands all of them."""
    with pytest.raises(WebhookUrlRefused, match="is a loopback address"):
        await WebhookSender(()).check(f"{scheme}://{host}/")


LITERAL_SIX = {
    "[::1]": "'::1' is a loopback address",
    "[::ffff:127.0.0.1]": "The host '::ffff:127.0.0.1' is at 127.0.0.1, which is a loopback address",
    "[::ffff:a9fe:a9fe]": "is at 169.254.169.254, which is the address of a metadata service",
    "[64:ff9b::7f00:1]": "'64:ff9b::7f00:1' is an address that stands for another one",
    "[2002:7f00:1::]": "'2002:7f00:1::' is an address that stands for another one",
    "[fd00::1]": "'fd00::1' is a private address",
}


@pytest.mark.parametrize(("host", "sentence"), LITERAL_SIX.items())
async def test_an_ipv6_address_that_hides_another_is_refused(host: str, sentence: str) -> None:
    with pytest.raises(WebhookUrlRefused) as refused:
        await WebhookSender(()).check(f"https://{host}:8443/")

    assert sentence in str(refused.value)


async def test_a_name_that_is_none_has_no_address() -> None:
    with pytest.raises(OSError, match="no name of a host"):
        await resolve("a" * 70, 443)


async def test_http_is_spoken_to_an_allowed_network() -> None:
    allowed = WebhookSender(parse_networks("10.1.0.0/16"), resolver=PUBLIC)

    await allowed.check("http://inside.example.com:8080/events")


async def test_an_allowed_network_opens_no_other() -> None:
    sender = WebhookSender(parse_networks("10.2.0.0/16"), resolver=PUBLIC)

    with pytest.raises(WebhookUrlRefused, match="a private address"):
        await sender.check("https://inside.example.com/")


async def test_what_is_checked_is_what_is_connected_to() -> None:
    """The name means a public address when the URL is checked, and loopback when it is posted to."""
    resolver, asked = changing(["93.184.216.34"], ["127.0.0.1"], ["93.184.216.34"])
    with WebhookReceiver() as receiver:
        sender = WebhookSender((), resolver=resolver)
        url = receiver.url(host="rebinding.example.com").replace("http:", "https:")
        await sender.check(url)
        answer = await sender.send(url, ["whsec_AAAA"], an_event())

    assert answer.fault == f"The host 'rebinding.example.com' is at 127.0.0.1, which is a loopback address: {ALLOW}"
    assert (asked(), receiver.requests) == (2, [])


async def test_a_connection_looks_a_name_up_once() -> None:
    resolver, asked = changing(["127.0.0.1"], ["10.9.9.9"])
    with WebhookReceiver() as receiver:
        answer = await WebhookSender(LOOPBACK, resolver=resolver).send(
            receiver.url(host="rebinding.example.com"), ["whsec_AAAA"], an_event()
        )

    assert (answer.fault, asked()) == (None, 1)
    assert receiver.requests[0].headers["host"].startswith("rebinding.example.com:")


async def test_one_closed_address_of_many_closes_the_host() -> None:
    guard = AddressGuard(LOOPBACK, names(example_com=["127.0.0.1", "10.0.0.1"]))

    with pytest.raises(AddressRefused, match=r"at 10\.0\.0\.1, which is a private address"):
        await GuardedBackend(guard, encrypted=True).connect_tcp("example.com", 443)


async def test_the_next_address_is_tried_when_one_is_dead() -> None:
    with WebhookReceiver() as receiver:
        resolver = names(example_com=["127.9.9.9", "127.0.0.1"])
        answer = await WebhookSender(LOOPBACK, resolver=resolver).send(
            receiver.url(host="example.com"), ["whsec_AAAA"], an_event()
        )

    assert (answer.fault, len(receiver.requests)) == (None, 1)


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with WebhookReceiver() as receiver:
        answer = await WebhookSender(LOOPBACK).send(receiver.url(), ["whsec_AAAA"], an_event())

    assert answer.fault is None


async def test_a_name_server_that_is_silent_costs_little_time() -> None:
    async def silent(host: str, port: int) -> Sequence[Address]:
        await asyncio.Event().wait()
        return ()

    guard = AddressGuard((), silent)
    with pytest.raises(httpcore.ConnectTimeout):
        await GuardedBackend(guard, encrypted=True).connect_tcp("example.com", 443, 0.05)


def test_networks_are_read_from_a_setting() -> None:
    assert parse_networks(" 10.1.0.0/16,fd12::/48 , 127.0.0.1,") == (
        ip_network("10.1.0.0/16"),
        ip_network("fd12::/48"),
        ip_network("127.0.0.1/32"),
    )


@pytest.mark.parametrize("text", ["10.1.0.1/16", "10.1.0.0/33", "inside", "10.1.0.0/16;10.2.0.0/16"])
def test_a_network_that_is_none_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=f"'{text}' is no network: write it like 10.1.0.0/16"):
        parse_networks(text)


async def test_name_server_that_hangs_keeps_no_other_name_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()
    look_up = socket.getaddrinfo

    def hang(host: str, port: int, **how: Any) -> Any:
        if host.startswith("slow"):
            answers.wait()
        return look_up("127.0.0.1", port, **how)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    hanging = [asyncio.create_task(resolve(f"slow{number}.example.com", 443)) for number in range(40)]
    try:
        async with asyncio.timeout(60):
            assert await resolve("quick.example.com", 443) == [ip_address("127.0.0.1")]
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
    finally:
        answers.set()
