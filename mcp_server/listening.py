"""Taking the address to serve on, before anything slow is done."""

import ipaddress
import os
import socket


class CannotListen(Exception):
    """The address cannot be listened on; the message is one sentence that says how to mend it."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server on `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any free one. Raises `CannotListen`."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        # `socket` adds the address to the words of the system, which the sentence names already.
        why = error.strerror
        if error.errno is not None and not isinstance(error, socket.gaierror):
            why = os.strerror(error.errno)
        raise CannotListen(
            f"Cannot listen on {host} port {port} ({why}): "
            "stop what uses it, or set MCP_HOST and MCP_PORT to a free address."
        ) from error
