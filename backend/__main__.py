"""`python -m backend`: the command line. It imports the application only when it serves, so that `--help` is fast."""

import argparse


class _Arguments(argparse.Namespace):
    openapi: bool


def _parse_arguments() -> _Arguments:
    parser = argparse.ArgumentParser(
        prog="python -m backend",
        description="The backend-for-frontend: HTTP API, event stream, telemetry ingest and detection.",
        epilog="Settings are environment variables; docs/configuration.md lists them.",
    )
    parser.add_argument("--openapi", action="store_true", help="print the OpenAPI document and exit")
    return parser.parse_args(namespace=_Arguments())


if __name__ == "__main__":
    arguments = _parse_arguments()
    from backend import main

    if arguments.openapi:
        main.print_openapi()
    else:
        main.main()
