"""Starts the rules model: `python -m local.model --port 8090`."""

import argparse
import sys
from collections.abc import Sequence

DEFAULT_PORT = 8090


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit code: 0 after a stop, 1 when it cannot listen."""
    options = _parser().parse_args(arguments)

    from local.loopback import LoopbackOnly, require_loopback
    from local.model.server import build_server
    from local.serving import ANOTHER_PORT, announce
    from runtime.files import keep_private
    from runtime.listening import CannotListen, listen
    from runtime.log_lines import set_up_logging
    from runtime.settings import ProcessSettings, SettingsInvalid, read_settings

    keep_private()
    try:
        require_loopback(options.host, instead="a model of OpenAI (OPENAI_API_KEY) or Azure (AZURE_OPENAI_ENDPOINT)")
        settings = read_settings(ProcessSettings)
        set_up_logging(settings.log_format, settings.log_level)
        listener = listen(options.host, options.port, instead=ANOTHER_PORT)
    except (SettingsInvalid, LoopbackOnly, CannotListen) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    announce("The rules model listens", listener)
    build_server().run(sockets=[listener])
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.model",
        description="An OpenAI-compatible chat-completions server whose verdicts follow from rules, for one machine "
        "without an API key. PUT /control makes it slow or faulty; GET /control/stats counts its calls.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="port, 0 for any free one (default: %(default)s)"
    )
    return parser
