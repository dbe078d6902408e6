"""Wires the rules model: the application, its control panel and the server that can cut a connection."""

from local.model.app import build_app
from local.model.control import ControlPanel
from local.model.stats import Stats
from local.serving import StandInServer


def build_server() -> StandInServer:
    """A server that is ready to `run(sockets=[…])`."""
    server: StandInServer | None = None

    def reset(client: tuple[str, int]) -> None:
        if server is not None:
            server.reset(client)

    server = StandInServer(build_app(ControlPanel(), Stats(), reset=reset))
    return server
