"""`python -m local.stack`: the whole product on one machine, started, watched and stopped together."""

import argparse
import asyncio
import contextlib
import fcntl
import json
import math
import os
import secrets
import shutil
import sys
from collections.abc import Coroutine, Generator, Mapping
from pathlib import Path

from local.parts import (
    BadSetting,
    Part,
    StackOptions,
    StackPlan,
    keys_folder,
    plan_stack,
    profiles_file,
    stack_environment,
    store_environment,
    without_secrets,
)
from local.supervisor import PartFailed, SupervisedPart
from runtime.files import close_to_others, keep_private
from runtime.listening import CannotListen, listen
from runtime.secret_sources import SecretUnreadable
from runtime.signals import stop_event

ROOT = Path(__file__).resolve().parent.parent
# What a fresh start removes: the stack's own state, and nothing else that may lie in the folder.
STATE = ("casebook.db*", "customers.db*", "scheduler", "profiles.jsonl", "worker.ready", "parts.json", "parts.new")


# Closed to others when the stack starts, beside the folder itself.
OWN = (*STATE, "stack.lock", "scheduler/*", "keys", "keys/*")


class CannotStart(Exception):
    """The stack cannot start; the message is one sentence that says why and how to mend it."""


def main() -> None:
    """Runs the stack until Ctrl-C or SIGTERM. Exits with 1 and one sentence if it cannot start."""
    arguments = _parse_arguments()
    try:
        data: Path = arguments.data.resolve()
        keep_private()
        _make_folder(data)
        with _only_stack_in(data):
            options = _options(arguments, data)
            if arguments.fresh:
                _remove_state(data)
            # Its own files lie in a folder that may have been there, and open to others.
            found = [path for pattern in OWN for path in data.glob(pattern)]
            close_to_others([data, *found])
            plan = plan_stack(options, _environment())
            for part in plan.parts:
                _check_port(part)
            asyncio.run(_run(plan, options))
    except (CannotStart, CannotListen, BadSetting, PartFailed, SecretUnreadable) as error:
        sys.exit(f"casewright: {error}")


async def _run(plan: StackPlan, options: StackOptions) -> None:
    stop = stop_event()
    for sentence in plan.given:
        _say("stack", sentence)
    if any(part.name == "mcp" for part in plan.parts) and not await _finished(_prepare_customers(options), stop):
        _say("stack", "stopped before anything had begun")
        return
    parts = [SupervisedPart(part, _environment(), ROOT, _say) for part in plan.parts]

    def record() -> None:
        _write_parts(options.data / "parts.json", parts)

    keepers = [asyncio.create_task(part.run(record), name=part.part.name) for part in parts]
    waiter = asyncio.create_task(_announce(parts, plan.url))
    stopper = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait([*keepers, stopper], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        waiter.cancel()
        stopper.cancel()
        await _stop_all(parts, keepers)


async def _announce(parts: list[SupervisedPart], url: str) -> None:
    await asyncio.gather(*(part.wait_until_ready() for part in parts))
    print(f"\nCasewright is ready: {url}\n", flush=True)  # noqa: T201 the one line that the user waits for


async def _stop_all(parts: list[SupervisedPart], keepers: list[asyncio.Task[None]]) -> None:
    """Stops what takes in work first, what keeps it last, so that nothing is cut off half-way."""
    _say("stack", "stopping")
    for name in ("backend", "telemetry", "worker", "mcp", "model", "scheduler"):
        await asyncio.gather(*(part.stop() for part in parts if part.part.name == name))
    for keeper in keepers:
        keeper.cancel()
    await asyncio.gather(*keepers, return_exceptions=True)


async def _finished(preparation: Coroutine[None, None, None], stop: asyncio.Event) -> bool:
    """Whether the preparation ended before a signal to stop; an exception of the preparation is raised."""
    preparing, stopping = asyncio.create_task(preparation), asyncio.create_task(stop.wait())
    await asyncio.wait([preparing, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if stop.is_set():
        preparing.cancel()
        await asyncio.gather(preparing, return_exceptions=True)
        return False
    preparing.result()
    return True


async def _prepare_customers(options: StackOptions) -> None:
    """Makes keys and the customer store, adds the customers of the recordings, writes the simulator's profiles."""
    await _run_tool("keys", str(keys_folder(options.data)), data=options.data)
    files = [str(file) for file in options.replay]
    if files:
        await _run_tool("add-customers", "--from-recording", *files, data=options.data)
    else:
        await _run_tool("export-profiles", "--out", str(profiles_file(options.data)), data=options.data)


async def _run_tool(*arguments: str, data: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "mcp_server",
        *arguments,
        cwd=ROOT,
        env=without_secrets(_environment()) | store_environment(data),
        # Which keys there are, nobody has asked.
        stdout=asyncio.subprocess.DEVNULL if arguments[0] == "keys" else None,
        start_new_session=True,  # Ctrl-C in the terminal reaches only the stack, which then stops it
    )
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    if code:
        raise CannotStart(f"'mcp_server {arguments[0]}' failed with exit code {code}: its message above says why.")


def _environment() -> dict[str, str]:
    return stack_environment(os.environ) | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def _options(arguments: argparse.Namespace, data: Path) -> StackOptions:
    replay = tuple(Path(file).resolve() for file in arguments.replay)
    for file in replay:
        if not file.is_file():
            raise CannotStart(f"There is no recording at {file}: check the path given to --replay.")
        if os.pathsep in str(file):
            raise CannotStart(f"The backend is given recordings separated by '{os.pathsep}': rename or move {file}.")
    return StackOptions(
        data=data,
        web_dist=ROOT / "web" / "dist",
        replay=replay,
        pace=arguments.pace,
        # The first run shows everybody the same; a later one must not repeat stories that already have their cases.
        seed=secrets.randbelow(2**31) if (data / "casebook.db").exists() and not arguments.fresh else 1,
        simulator=not arguments.no_simulator
        and _environment().get("EVENT_PRODUCER_ENABLED", "true").lower() != "false",
    )


def _make_folder(data: Path) -> None:
    try:
        # Cases and customers are nobody else's business on a shared machine.
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(
            f"The folder {data} cannot be made ({error.strerror}): choose another with --data."
        ) from error


def _remove_state(data: Path) -> None:
    for pattern in STATE:
        for path in data.glob(pattern):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


@contextlib.contextmanager
def _only_stack_in(data: Path) -> Generator[None]:
    """Holds the folder's lock: two stacks on one folder would write over each other."""
    try:
        lock_file = (data / "stack.lock").open("a")
    except OSError as error:
        raise CannotStart(
            f"The folder {data} cannot be written to ({error.strerror}): mend that, or choose another with --data."
        ) from error
    with lock_file as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CannotStart(f"Casewright already runs in {data}: stop it there, or choose another --data.") from error
        yield


def _check_port(part: Part) -> None:
    if part.port is None:
        return
    listen("127.0.0.1", part.port, instead=f"set {part.name.upper()}_PORT to a free port").close()


def _write_parts(file: Path, parts: list[SupervisedPart]) -> None:
    """Tells tools and people which process is which. Whoever reads at the same time reads a whole file."""
    new = file.with_suffix(".new")
    new.write_text(json.dumps({part.part.name: {"pid": part.pid, "port": part.part.port} for part in parts}))
    new.replace(file)


def _say(name: str, line: str) -> None:
    print(f"{name:>9} | {line}", flush=True)  # noqa: T201 the terminal is where the stack speaks


def _pace(text: str) -> float:
    with contextlib.suppress(ValueError):
        pace = float(text)
        if math.isfinite(pace) and pace >= 0:
            return pace
    raise argparse.ArgumentTypeError("give 0 for as fast as it can, or how many times the recorded pace")


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/up", description="Runs Casewright on this machine.")
    parser.add_argument(
        "--data", type=Path, default=ROOT / ".casewright", help="folder for all state (default: .casewright)"
    )
    parser.add_argument("--fresh", action="store_true", help="start empty: removes the state of earlier runs")
    parser.add_argument(
        "--replay",
        nargs="+",
        default=[],
        metavar="FILE",
        help="play recordings (.jsonl, .jsonl.gz) instead of the simulator",
    )
    parser.add_argument(
        "--pace",
        type=_pace,
        default=0.0,
        help="1 plays a recording at its own pace, 10 ten times faster; 0, the default, as fast as it can",
    )
    parser.add_argument("--no-simulator", action="store_true", help="start without telemetry")
    return parser.parse_args()


def running_parts(data: Path) -> Mapping[str, Mapping[str, int | None]]:
    """The process id and port of every part of the stack that runs in `data`."""
    return json.loads((data / "parts.json").read_text())


if __name__ == "__main__":
    main()
