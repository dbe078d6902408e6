"""Starts the telemetry simulator: `python -m local.telemetry --port 8070 --profiles FILE.jsonl`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

DEFAULT_PORT = 8070
DEFAULT_INTERVAL = 1.0
LONGEST_INTERVAL = 3600.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit code: 0 after a stop, 1 when it cannot start."""
    options = _parser().parse_args(arguments)

    from local.loopback import LoopbackOnly, require_loopback
    from local.serving import ANOTHER_PORT, announce
    from local.telemetry.profiles import ProfilesUnusable, read_profiles
    from local.telemetry.server import serve
    from local.telemetry.settings import NoHub, SimulatorSettings
    from runtime.files import keep_private
    from runtime.listening import CannotListen, listen
    from runtime.log_lines import set_up_logging
    from runtime.settings import SettingsInvalid, read_settings

    keep_private()
    try:
        require_loopback(options.host, instead="--to eventhubs, which sends to an event hub")
        settings = read_settings(SimulatorSettings)
        set_up_logging(settings.log_format, settings.log_level)
        hub = settings.hub(options.hub, options.namespace) if options.to == "eventhubs" else None
        profiles = read_profiles(options.profiles)
        listener = listen(options.host, options.port, instead=ANOTHER_PORT)
    except (ProfilesUnusable, NoHub, SettingsInvalid, LoopbackOnly, CannotListen) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    announce("The telemetry simulator listens", listener)
    settings.log_secret_sources()
    serve(profiles, listener, seed=options.seed, interval=options.interval, hub=hub)
    return 0


def _interval(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST_INTERVAL:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds from 0 to {LONGEST_INTERVAL:g}")
    return seconds


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.telemetry",
        description="Streams simulated telemetry of the Contoso customers as JSON lines (GET /events?after=OFFSET), "
        "with stories that agree with the customers' records.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="port, 0 for any free one (default: %(default)s)"
    )
    parser.add_argument(
        "--profiles",
        type=Path,
        required=True,
        metavar="FILE",
        help="customers, one JSON object a line, from `python -m mcp_server export-profiles`",
    )
    parser.add_argument(
        "--interval",
        type=_interval,
        default=DEFAULT_INTERVAL,
        metavar="SECONDS",
        help="between two events; 0 is as fast as is sensible (default: %(default)s)",
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="the same seed gives the same events (default: %(default)s)"
    )
    parser.add_argument(
        "--to",
        choices=("http", "eventhubs"),
        default="http",
        help="where the events go: to who asks for them, or to an event hub, the customer's id being the partition "
        "key (default: %(default)s)",
    )
    parser.add_argument("--hub", metavar="NAME", help="instead of EVENTHUB_TELEMETRY_NAME")
    parser.add_argument("--namespace", metavar="HOST", help="instead of EVENTHUB_TELEMETRY_NAMESPACE")
    return parser
