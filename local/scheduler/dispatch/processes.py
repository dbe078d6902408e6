"""Worker processes of this machine, distinguished from later ones with the same process number."""

import os
import socket
from pathlib import Path

PID_BITS = 22  # the most that Linux gives to a process number


def local_process(worker_id: str) -> int | None:
    """The process of a worker id `host:pid:uuid`, if it is seen alive on this machine: number and start time in one."""
    host, _, rest = worker_id.partition(":")
    pid = rest.partition(":")[0]
    if host != socket.gethostname() or not pid.isdigit():
        return None
    process = (_started(int(pid)) << PID_BITS) | int(pid)
    return process if is_alive(process) else None


def is_alive(process: int) -> bool:
    """Whether a process runs (one that is dead but not yet collected by its parent does not).

    A process that has got the number of one that has ended is not taken for it, where the system tells start times.
    """
    pid, started = process & ((1 << PID_BITS) - 1), process >> PID_BITS
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    fields = _fields(pid)
    if not fields:
        return True
    return fields[0] not in ("Z", "X") and (not started or _started(pid) == started)


def _fields(pid: int) -> list[str]:
    """What /proc says of a process, from its state on; empty where there is no /proc."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _started(pid: int) -> int:
    """When a process started, in clock ticks since the machine did; 0 when that is unknown."""
    fields = _fields(pid)
    return int(fields[19]) if len(fields) > 19 else 0
