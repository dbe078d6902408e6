"""The MCP server process: command line, wiring, exit codes."""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mcp_server.recordings import MAX_CUSTOMERS, RecordedCustomers, UnreadableRecording, recorded_customers
from mcp_server.settings import McpSettings
from mcp_server.store.errors import StoreError
from runtime.files import keep_private
from runtime.listening import CannotListen, is_loopback, listen
from runtime.log_lines import set_up_logging
from runtime.settings import SettingsInvalid, read_settings

if TYPE_CHECKING:
    import socket

    from mcp_server.store.sqlite.store import SqliteCustomerStore

logger = logging.getLogger(__name__)


class BadCommand(Exception):
    """The process cannot do what it was asked; the message is one sentence that says how to mend it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0, or 1 with one sentence on standard error."""
    options = _parser().parse_args(arguments)
    keep_private()
    try:
        settings = read_settings(McpSettings)
        set_up_logging(settings.log_format, settings.log_level)
        if options.command == "add-customers":
            return _add_customers(settings, options.from_recording)
        if options.command == "export-profiles":
            return _export_profiles(settings, options.out)
        return _serve(settings)
    except (BadCommand, SettingsInvalid, CannotListen, StoreError, UnreadableRecording) as error:
        print(error, file=sys.stderr)  # noqa: T201 - the answer to a person at the command line
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mcp_server",
        description="Serve the customer tools over MCP (Streamable HTTP at /mcp). Without a command: serve. "
        "The customer store is made and filled when it is absent.",
        epilog="Environment: MCP_HOST (127.0.0.1), MCP_PORT (8000), CUSTOMER_STORE_PATH (.casewright/customers.db), "
        "MCP_WRITE_TOKEN, CONTOSO_SEED, CONTOSO_AS_OF.",
    )
    commands = parser.add_subparsers(dest="command")
    add = commands.add_parser("add-customers", help="add the customers of recordings that the store does not know")
    add.add_argument("--from-recording", nargs="+", type=Path, required=True, metavar="FILE")
    export = commands.add_parser("export-profiles", help="write what the telemetry simulator must know, as JSON lines")
    export.add_argument("--out", type=Path, required=True, metavar="FILE")
    return parser


def _serve(settings: McpSettings) -> int:
    token = settings.mcp_write_token.get_secret_value() if settings.mcp_write_token else None
    if token is None and not is_loopback(settings.mcp_host):
        raise BadCommand(
            f"MCP_HOST is {settings.mcp_host} and MCP_WRITE_TOKEN is not set, so that anybody who reaches this machine "
            "could lock accounts: set MCP_WRITE_TOKEN, or MCP_HOST to 127.0.0.1."
        )
    listener = listen(settings.mcp_host, settings.mcp_port, instead="set MCP_HOST and MCP_PORT to a free address")
    try:
        settings.log_secret_sources()
        store = _open_store(settings)
        _serve_store(store, token, listener)
    finally:
        listener.close()
    return 0


def _serve_store(store: "SqliteCustomerStore", token: str | None, listener: "socket.socket") -> None:
    from mcp_server.server import build_server
    from mcp_server.serving import serve

    try:
        if token is None:
            logger.warning("MCP_WRITE_TOKEN is not set: everybody on this machine may use the write tools.")
        serve(build_server(store, token), listener)
    finally:
        store.close()


def _add_customers(settings: McpSettings, recordings: Sequence[Path]) -> int:
    found, customers = list[tuple[Path, RecordedCustomers]](), set[int]()
    for path in recordings:
        found.append((path, recorded_customers(path, MAX_CUSTOMERS - len(customers))))
        customers |= found[-1][1].customer_ids
    store = _open_store(settings)
    try:
        for path, recorded in found:
            added = store.add_neutral_customers(recorded.customer_ids)
            known = len(recorded.customer_ids) - added
            skipped = ""
            if recorded.bad_lines:
                skipped = f", {recorded.bad_lines} lines skipped (first: line {recorded.first_bad_line})"
            if recorded.broken_off:
                skipped += f", and nothing after that: {recorded.broken_off}"
            _say(f"{path}: {recorded.events} events, {added} customers added, {known} known already{skipped}")
    finally:
        store.close()
    return 0


def _export_profiles(settings: McpSettings, out: Path) -> int:
    store = _open_store(settings)
    try:
        lines = [profile.model_dump_json() + "\n" for profile in store.telemetry_profiles()]
    finally:
        store.close()
    unfinished = out.with_name(out.name + ".part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text("".join(lines), "utf-8")
        unfinished.replace(out)
    except OSError as error:
        raise BadCommand(f"{out} cannot be written ({error.strerror}): choose another file with --out.") from error
    _say(f"{out}: {len(lines)} profiles")
    return 0


def _open_store(settings: McpSettings) -> "SqliteCustomerStore":
    from mcp_server.contoso.generator import generate
    from mcp_server.store.sqlite.store import SqliteCustomerStore, utc_now

    return SqliteCustomerStore(
        settings.customer_store_path,
        lambda: generate(settings.contoso_seed, settings.contoso_as_of or utc_now()),
    )


def _say(line: str) -> None:
    print(line)  # noqa: T201 - the answer to a person at the command line
