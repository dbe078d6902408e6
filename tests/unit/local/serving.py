"""Runs a stand-in server in a thread, on a free port."""

import threading
from collections.abc import Generator
from contextlib import contextmanager

from local.serving import StandInServer
from runtime.listening import listen


@contextmanager
def running(server: StandInServer) -> Generator[str]:
    """The server's address, while it runs."""
    listener = listen("127.0.0.1", 0, instead="")
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.stop()
        thread.join(timeout=60)
        assert not thread.is_alive()
