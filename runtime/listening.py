"""Binds the address to serve on, before anything slow is done."""

import ipaddress
import os
import socket

BACKLOG = 2048
"""Connections that may wait to be accepted: all clients of a restarted server come at once."""


class CannotListen(Exception):
    """The address cannot be listened on; the message is one sentence that says how to mend it."""

    def __init__(self, host: str, port: int, why: str, instead: str) -> None:
        super().__init__(f"Cannot listen on {host} port {port} ({why}): stop what uses it, or {instead}.")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server on `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(host: str, port: int, *, instead: str) -> socket.socket:
    """A listening socket; port 0 takes any free one.

    `instead` says how to choose another address: "set BACKEND_PORT to a free port". Raises CannotListen.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        # `socket` adds the address to the words of the system, which the sentence names already.
        why = str(error.strerror or error)
        if error.errno is not None and not isinstance(error, socket.gaierror):
            why = os.strerror(error.errno)
        raise CannotListen(host, port, why, instead) from error


def url_of(listener: socket.socket) -> str:
    """Where a listening socket can be reached: `http://127.0.0.1:8080`."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
