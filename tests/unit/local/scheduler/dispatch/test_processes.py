"""Whether the process of a worker still runs."""

import os
import socket
import subprocess
import sys

import pytest

from local.scheduler.dispatch.processes import PID_BITS, is_alive, local_process

pytestmark = pytest.mark.integration


def test_a_zombie_process_is_not_alive() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    seen = local_process(f"{socket.gethostname()}:{process.pid}:uuid")
    assert seen is not None
    assert is_alive(seen)
    assert process.stdin is not None
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(seen)
    process.wait()
    process.stdin.close()
    assert not is_alive(seen)


def test_a_reused_process_number_is_another_process() -> None:
    seen = local_process(f"{socket.gethostname()}:{os.getpid()}:uuid")
    assert seen is not None
    assert is_alive(seen)
    assert not is_alive(seen - (1 << PID_BITS)), "it started a tick earlier"


def test_a_process_without_a_start_time_is_its_number() -> None:
    assert is_alive(os.getpid())


def test_worker_ids_of_other_machines_say_nothing_about_processes() -> None:
    assert local_process(f"elsewhere.invalid:{os.getpid()}:uuid") is None
    assert local_process("anonymous") is None
