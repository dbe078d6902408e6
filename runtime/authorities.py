"""Whose certificates a process believes."""

import os
import ssl
from pathlib import Path

_FILES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH")
"""OpenSSL with httpx and aiohttp; requests, which Azure's SDK sends with; gRPC."""
_FOLDER = "SSL_CERT_DIR"
"""What OpenSSL believes besides its file: the system's authorities, unless this names no folder."""
READ_BY_LIBRARIES = (*_FILES, _FOLDER)


def believe_only(file: Path) -> None:
    """From here on, this process and those that it starts believe the authorities in the file, and no others.

    To be called before anything connects. Raises ValueError with a phrase for whoever named the file.
    """
    try:
        context = ssl.create_default_context(cafile=file)
    except ssl.SSLError:
        raise ValueError("it holds no certificate in PEM") from None
    except OSError as error:
        raise ValueError(f"it cannot be read: {error.strerror}") from None
    if not context.get_ca_certs():
        raise ValueError("it holds no certificate of an authority")
    for name in _FILES:
        os.environ[name] = str(file)
    os.environ[_FOLDER] = ""


def believed_file() -> str | None:
    """The file of the authorities that are believed, for libraries that do not look by themselves; None: the public
    ones."""
    return os.environ.get(_FILES[0]) or None
