"""A client that follows the event stream of a running backend."""

import threading

import httpx

from tests.unit.backend.support import RunningBackend


class Following:
    """Reads an event stream in a thread of its own until it ends."""

    def __init__(self, backend: RunningBackend, headers: dict[str, str]) -> None:
        self._url = f"{backend.url}/api/events/stream"
        self._headers = headers
        self._began = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()
        assert self._began.wait(60)

    def has_ended(self, within_s: float) -> bool:
        """Whether it ends in time."""
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def _read(self) -> None:
        with httpx.stream("GET", self._url, headers=self._headers, timeout=60) as stream:
            for _ in stream.iter_raw():
                self._began.set()
