"""The MCP server process: command line, wiring, exit codes."""

import argparse
import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.access import TOOLS_AUDIENCE
from mcp_server.access.key_files import (
    CALLERS,
    CALLERS_FILE,
    GRANT_KEYS_FILE,
    GRANTS,
    OPERATOR,
    KeysUnusable,
    drop_keys,
    listed_keys,
    make_keys,
    read_private_key,
)
from mcp_server.recordings import MAX_CUSTOMERS, RecordedCustomers, UnreadableRecording, recorded_customers
from mcp_server.settings import McpSettings
from mcp_server.store.errors import StoreError
from runtime.caller_tokens import CallerTokens
from runtime.files import keep_private
from runtime.listening import CannotListen, listen
from runtime.log_lines import set_up_logging
from runtime.settings import SettingsInvalid, read_settings
from runtime.signatures import KeyInvalid, read_public_keys

if TYPE_CHECKING:
    import socket

    from mcp_server.access.entra import EntraCallers
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
        if options.command == "keys":
            return _keep_keys(options.folder or settings.keys_folder, options)
        if options.command == "token":
            return _print_token(options.keys or settings.keys_folder, options.scopes)
        return _serve(settings)
    except (BadCommand, SettingsInvalid, CannotListen, StoreError, UnreadableRecording, KeysUnusable) as error:
        print(error, file=sys.stderr)  # noqa: T201 - the answer to a person at the command line
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mcp_server",
        description="Serve the customer tools over MCP (Streamable HTTP at /mcp). Without a command: serve. "
        "The customer store is made and filled when it is absent.",
        epilog="Environment: MCP_HOST (127.0.0.1), MCP_PORT (8000), CUSTOMER_STORE_PATH (.casewright/customers.db), "
        "MCP_ALLOWED_HOSTS, MCP_AUTH (keys), MCP_CALLERS_FILE, MCP_GRANT_KEYS_FILE, MCP_TENANT, MCP_AUDIENCE, "
        "MCP_CALLS_PER_MINUTE, CONTOSO_SEED, CONTOSO_AS_OF. See docs/configuration.md.",
    )
    commands = parser.add_subparsers(dest="command")
    add = commands.add_parser("add-customers", help="add the customers of recordings that the store does not know")
    add.add_argument("--from-recording", nargs="+", type=Path, required=True, metavar="FILE")
    export = commands.add_parser("export-profiles", help="write what the telemetry simulator must know, as JSON lines")
    export.add_argument("--out", type=Path, required=True, metavar="FILE")
    keys = commands.add_parser("keys", help="make the keys of callers and of grants that a folder lacks, and list all")
    keys.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="default: 'keys' beside the store")
    keys.add_argument("--renew", nargs="+", default=[], choices=[*CALLERS, GRANTS], help="make a successor of these")
    keys.add_argument("--drop", nargs="+", default=[], metavar="THUMBPRINT", help="take these keys out of the lists")
    keys.add_argument("--drop-old", nargs="+", default=[], choices=[*CALLERS, GRANTS], help="take out their old keys")
    token = commands.add_parser("token", help="print a token of this machine's operator, valid for five minutes")
    token.add_argument("--scopes", nargs="+", default=["read"], choices=["read"], help="an operator may only read")
    token.add_argument("--keys", type=Path, metavar="FOLDER", help="where the keys are (default: beside the store)")
    return parser


def _serve(settings: McpSettings) -> int:
    listener = listen(settings.mcp_host, settings.mcp_port, instead="set MCP_HOST and MCP_PORT to a free address")
    try:
        settings.log_secret_sources()
        keys = _keys(settings)
        store = _open_store(settings)
        try:
            _serve_store(settings, store, keys, listener)
        finally:
            store.close()
    finally:
        listener.close()
    return 0


@dataclass(frozen=True)
class _Keys:
    """The public keys of callers, as far as they sign their own tokens, and those of grants."""

    callers: str | None
    grants: str


def _keys(settings: McpSettings) -> _Keys:
    callers, grants = settings.mcp_callers_file, settings.mcp_grant_keys_file
    if grants is None:
        make_keys(settings.keys_folder)
        logger.info("Callers have their keys in %s.", settings.keys_folder)
        callers, grants = settings.keys_folder / CALLERS_FILE, settings.keys_folder / GRANT_KEYS_FILE
    return _Keys(None if callers is None else _text(callers), _text(grants))


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise BadCommand(f"The public keys in {file} cannot be read ({why}): correct the path or the file.") from error


def _serve_store(settings: McpSettings, store: "SqliteCustomerStore", keys: _Keys, listener: "socket.socket") -> None:
    from mcp_server.access.callers import KnownCallers
    from mcp_server.access.gate import Gate
    from mcp_server.access.grants import SignedGrants
    from mcp_server.access.rates import RateLimit
    from mcp_server.server import build_server
    from mcp_server.serving import serve
    from mcp_server.tools.permissions import Access

    try:
        grant_keys = read_public_keys(keys.grants)
        caller_keys = None if settings.mcp_auth == "entra" else read_public_keys(keys.callers or "")
        callers = _entra(settings) if caller_keys is None else KnownCallers(caller_keys)
    except KeyInvalid as fault:
        raise BadCommand(f"A file of public keys cannot be used ({fault}): correct it.") from None
    if grant_keys.keys() & (caller_keys or {}).keys():
        raise BadCommand(
            "A key is in MCP_CALLERS_FILE and in MCP_GRANT_KEYS_FILE: a caller could grant its own calls. Take it out "
            "of one of them."
        )
    rate = RateLimit(settings.mcp_calls_per_minute, time.monotonic)
    server = build_server(store, Access(SignedGrants(grant_keys)))
    serve(server, listener, lambda app: Gate(app, settings.names, callers, rate))


def _entra(settings: McpSettings) -> "EntraCallers":
    from mcp_server.access.entra import EntraCallers

    return EntraCallers.of_tenant(settings.mcp_tenant or "", settings.mcp_audience or "")


def _keep_keys(folder: Path, options: argparse.Namespace) -> int:
    if options.drop or options.drop_old:
        for key in drop_keys(folder, options.drop, options.drop_old):
            _say(f"dropped: {key.name} {key.key_id}")
    if options.renew or not (options.drop or options.drop_old):
        make_keys(folder, options.renew)
    for key in listed_keys(folder):
        place = f"{key.name}.pem" if key.has_file else "no file here"
        _say(f"{key.name} {key.key_id}, since {key.since or 'nobody knows when'}, {place}")
    return 0


def _print_token(folder: Path, scopes: Sequence[str]) -> int:
    key = read_private_key(folder / f"{OPERATOR}.pem")
    _say(CallerTokens(key, TOOLS_AUDIENCE, scopes).current())
    return 0


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
