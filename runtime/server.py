"""An HTTP server that shuts down cleanly."""

import signal
from types import FrameType

import uvicorn


class StoppableServer(uvicorn.Server):
    """A uvicorn server for which SIGTERM and SIGINT are a clean end: exit code 0.

    uvicorn raises the signal again once it has stopped. A process that ignored it for that reason would also ignore
    one that comes before the server listens to signals, and would never stop.
    """

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 # uvicorn's signature
        """Stop; a second SIGINT stops without waiting for open answers."""
        if self.should_exit:
            self.force_exit = self.force_exit or sig == signal.SIGINT
        self.stop()

    def stop(self) -> None:
        """Begin to stop, from any thread."""
        self.should_exit = True
