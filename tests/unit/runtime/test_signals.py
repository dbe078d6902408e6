import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
WAIT_S = 60

# As on a busy machine, another thread than the main one takes each signal: the main thread blocks them.
WAITING = """
import signal, threading
from runtime.signals import STOP_SIGNALS, stop_requested
stop = stop_requested()
threading.Thread(target=threading.Event().wait, daemon=True).start()
signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
print("waiting", flush=True)
stop.wait()
print("stopping", flush=True)
"""
LOOPING = """
import asyncio
from runtime.signals import stop_event

async def main():
    stop = stop_event()
    print("waiting", flush=True)
    await stop.wait()
    print("stopping", flush=True)

asyncio.run(main())
"""
WORKING_ON = WAITING + "threading.Event().wait()\n"

SERVING = """
import signal, socket, uvicorn
from runtime.server import StoppableServer

async def app(scope, receive, send):
    signal.raise_signal(signal.SIGTERM)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})

with socket.create_server(("127.0.0.1", 0)) as listener:
    server = StoppableServer(uvicorn.Config(app, lifespan="off", log_config=None))
    print(listener.getsockname()[1], flush=True)
    server.run(sockets=[listener])
print("ended", flush=True)
"""
STOPPED_EARLY = SERVING.replace("server.run", "signal.raise_signal(signal.SIGTERM); server.run")


@contextmanager
def started(program: str) -> Generator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        yield process


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("program", [WAITING, LOOPING], ids=["thread", "loop"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_wakes_main_whichever_thread_takes_it(number: signal.Signals, program: str) -> None:
    with started(program) as process:
        assert said(process) == "waiting"
        process.send_signal(number)
        assert process.wait(WAIT_S) == 0
        assert said(process) == "stopping"


def test_second_interrupt_ends_a_process_that_lingers() -> None:
    with started(WORKING_ON) as process:
        assert said(process) == "waiting"
        process.send_signal(signal.SIGINT)
        assert said(process) == "stopping"
        process.send_signal(signal.SIGINT)
        assert process.wait(WAIT_S) == 1


def test_signal_before_the_server_listens_is_not_lost() -> None:
    with started(STOPPED_EARLY) as process:
        assert process.wait(WAIT_S) == -signal.SIGTERM


def test_stopped_server_ends_without_an_error() -> None:
    with started(SERVING) as process:
        assert httpx.get(f"http://127.0.0.1:{said(process)}", timeout=WAIT_S, trust_env=False).status_code == 204
        assert process.wait(WAIT_S) == 0
        assert said(process) == "ended"
