"""The local stack with parts that die at a named point: `python -m tests.support.crashing stack …`.

Each part is the real one with a `kill -9` of itself put before or after one of its methods. It dies there when a file
named for the point lies in the folder CRASH_POINTS; the file is gone then, so each dies once. Where the file's name
ends in `.always` it stays: the point kills whoever comes to it. CRASH_SCHEDULER are further arguments of the scheduler.

The process that dies was forked from one that has imported everything and does nothing else: the next one is forked
from it at once, with nothing of the dead one's memory, and no kill costs the seconds that Python takes to start.
"""

import functools
import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from local.supervisor import _die_with_parent as die_with_parent  # pyright: ignore[reportPrivateUsage] - the same end

FOLDER = "CRASH_POINTS"
ALWAYS = ".always"
SCHEDULER = "CRASH_SCHEDULER"
KILLED = "was killed and rises again"

POINTS: Mapping[str, tuple[str, ...]] = {
    "backend": ("backend-accepted", "backend-delivered"),
    "worker": ("worker-checked", "worker-noted", "worker-acted", "worker-recorded", "worker-closed"),
    "mcp": ("mcp-asked", "mcp-committing", "mcp-committed"),
}
"""Every step between a decision and the report of its effect, by the part that takes it."""

CHAT_POINTS = (
    "backend-posted",
    "backend-started",
    "backend-counted",
    "worker-begun",
    "worker-drafted",
    "worker-held",
    "worker-sending",
    "worker-sent",
    "worker-followed",
)
"""Every step of a turn, from its message to the count of its reply. A message that is flagged passes all but two."""


_dying = threading.Lock()


def crash(point: str) -> None:
    """Die at once, as by `kill -9`, if this point is armed."""
    folder = Path(os.environ[FOLDER])
    # A thread that comes to another point while this one dies waits here, and leaves that point to the next process.
    with _dying:
        if not (folder / f"{point}{ALWAYS}").exists():
            try:
                (folder / point).unlink()
            except FileNotFoundError:
                return
        os.kill(os.getpid(), signal.SIGKILL)


def _before(owner: type, method: str, point: str) -> None:
    _wrap(owner, method, lambda call: (crash(point), call())[1])


def _after(owner: type, method: str, point: str) -> None:
    _wrap(owner, method, lambda call: (call(), crash(point))[0])


def _wrap(owner: type, method: str, around: Callable[[Callable[[], Any]], Any]) -> None:
    original = getattr(owner, method)

    @functools.wraps(original)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        return around(functools.partial(original, *arguments, **named))

    setattr(owner, method, wrapped)


def _backend(arguments: Sequence[str]) -> None:
    from backend.main import main
    from backend.services.delivery_acks import DeliveryAcks
    from casebook.chat_api import ChatApi
    from casebook.workspace_api import WorkspaceApi

    _after(WorkspaceApi, "accept_decision", "backend-accepted")
    _before(DeliveryAcks, "add_delivered", "backend-delivered")
    _after(ChatApi, "post_message", "backend-posted")
    _before(ChatApi, "confirm_scheduled", "backend-started")
    _after(ChatApi, "count_told", "backend-counted")
    sys.argv[1:] = arguments
    _rise_again("backend", main, ("backend.app", "alembic.command", "websockets", "uvloop", "h11"))


def _worker(arguments: Sequence[str]) -> None:
    from casebook.chat_api import ChatApi
    from casebook.worker_api import WorkerApi
    from worker.activities.facts import FactActivities
    from worker.activities.review import ReviewActivities
    from worker.adapters.mcp_actions import McpActionGateway
    from worker.main import main

    _before(ReviewActivities, "ask_person", "worker-asking")
    _after(FactActivities, "check_facts", "worker-checked")
    _after(WorkerApi, "start_effect", "worker-noted")
    _after(McpActionGateway, "perform", "worker-acted")
    _after(WorkerApi, "finish_effect", "worker-recorded")
    _after(WorkerApi, "close_case", "worker-closed")
    _after(ChatApi, "begin_draft", "worker-begun")
    _after(ChatApi, "keep_draft", "worker-drafted")
    _after(WorkerApi, "open_about", "worker-held")
    _before(ChatApi, "send_reply", "worker-sending")
    _after(ChatApi, "send_reply", "worker-sent")
    _after(ChatApi, "follow_decision", "worker-followed")
    heavy = ("worker.wiring", "worker.adapters.deployments", "worker.adapters.mcp_tools", "worker.adapters.scheduler")
    _rise_again("worker", functools.partial(main, arguments), (*heavy, "openai.resources", "alembic.command"))


def _mcp(arguments: Sequence[str]) -> None:
    from mcp_server.main import main
    from mcp_server.store.sqlite import store as module

    class CrashingStore(module.SqliteCustomerStore):
        def __init__(self, *given: Any, **named: Any) -> None:
            hooks = {"before_commit": functools.partial(crash, "mcp-committing")}
            hooks["after_commit"] = functools.partial(crash, "mcp-committed")
            super().__init__(*given, **named, **hooks)

    _before(CrashingStore, "lock_account", "mcp-asked")
    module.SqliteCustomerStore = CrashingStore
    heavy = ("mcp_server.server", "mcp_server.serving", "mcp_server.contoso.generator", "fastmcp.server.http")
    _rise_again("mcp", functools.partial(main, arguments), (*heavy, "uvicorn.protocols.http.h11_impl"))


def _rise_again(role: str, run: Callable[[], object], heavy: Sequence[str]) -> None:
    """Run `run` in a forked process, and in another one whenever that was killed. Ends as the last one did.

    `heavy` names the modules that take long to import.
    """
    for module in heavy:
        importlib.import_module(module)
    while child := os.fork():
        signal.signal(signal.SIGTERM, lambda number, _, child=child: os.kill(child, number))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code != -signal.SIGKILL:
            sys.exit(code)
        sys.stdout.write(f"{role} {KILLED}\n")
        sys.stdout.flush()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    die_with_parent()
    sys.exit(cast("int | None", run()))


def _stack(arguments: Sequence[str]) -> Any:
    from local import parts, stack

    def module(name: str, *more: str) -> tuple[str, ...]:
        role = {"backend": "backend", "worker": "worker", "mcp_server": "mcp"}.get(name)
        if name == "local.scheduler":
            more = (*more, *os.environ.get(SCHEDULER, "").split())
        return (sys.executable, "-m", *((name,) if role is None else ("tests.support.crashing", role)), *more)

    parts._module = module  # pyright: ignore[reportPrivateUsage] - other programs for the same parts
    sys.argv[1:] = arguments
    return stack.main()


if __name__ == "__main__":
    ROLES: Mapping[str, Callable[[Sequence[str]], Any]] = {
        "stack": _stack,
        "backend": _backend,
        "worker": _worker,
        "mcp": _mcp,
    }
    sys.exit(ROLES[sys.argv[1]](sys.argv[2:]))
