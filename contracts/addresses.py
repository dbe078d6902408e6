"""URLs of other services: how they are shown without credentials, and which may carry a secret over plain HTTP."""

from ipaddress import ip_address
from urllib.parse import urlsplit

HIDDEN = "…"


def without_credentials(address: str) -> str:
    """The address as pages, logs and error sentences may show it: no user, no password, and nothing of its query.

    A query may hold a key, and a fragment is sent to nobody; that there was one is shown as `?…`. An address whose
    parts cannot be distinguished may contain a password anywhere: only its scheme is shown.
    """
    scheme, separator, rest = address.strip().partition("://")
    if not separator:
        scheme, rest = "", address.strip()
    length = min((at for at in map(rest.find, "/?#\\") if at >= 0), default=len(rest))
    host = rest[:length].rpartition("@")[2]
    path = rest[length:]
    if not _is_host(host):
        return f"{scheme}{separator}{HIDDEN}"
    end = min((at for at in map(path.find, "?#") if at >= 0), default=len(path))
    return f"{scheme}{separator}{host}{path[:end]}{'?' + HIDDEN if path[end:] else ''}"


def host_of(address: str) -> str:
    """Host and port of the address, for people; no credentials."""
    shown = without_credentials(address)
    return shown.partition("://")[2].partition("/")[0].partition("?")[0] or shown


def checked(address: str) -> str:
    """The address. Raises ValueError, with a phrase that quotes nothing of it, when nobody could ever answer there."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        raise ValueError("its host cannot be read") from None
    try:
        port = parts.port
    except ValueError:
        port = 0
    if not host:
        raise ValueError("it names no host")
    if port == 0:
        raise ValueError("its port is none: ports are 1 to 65535")
    return address


def is_loopback(address: str) -> bool:
    """Whether only this machine answers at the address."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return False
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_readable_on_the_way(address: str) -> bool:
    """Whether what is sent there crosses a network unencrypted."""
    return address.strip().lower().startswith("http://") and not is_loopback(address)


def carries_secret(address: str) -> bool:
    """Whether the address itself may hold a secret: a user, a password, or a query with a key."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return True
    return "@" in parts.netloc or bool(parts.query)


def why_exposed(secret: str, address: str) -> str | None:
    """Why the secret, which is named and not quoted, could be read on its way there; None: it could not."""
    if not is_readable_on_the_way(address):
        return None
    return (
        f"{secret} would be sent unencrypted to {without_credentials(address)}: use https://, "
        "or set ALLOW_PLAIN_HTTP=true if nobody else can read on that network."
    )


def _is_host(text: str) -> bool:
    """Whether the text is a host with a port or without: not the beginning of a password that has a slash in it."""
    name, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        return ":" not in text or (text.startswith("[") and text.endswith("]"))
    return port.isdigit() and (":" not in name or (name.startswith("[") and name.endswith("]")))
