"""Stops a process on SIGTERM and SIGINT, whatever it is doing."""

import asyncio
import os
import signal
import threading

STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})


def stop_requested() -> threading.Event:
    """An event that SIGTERM or SIGINT sets; a second SIGINT ends the process at once, with exit code 1.

    To be called once, in the main thread, before any other thread is started: threads inherit what is blocked here.

    The kernel hands a signal to any thread that takes it. CPython then runs the handler in the main thread, which a
    signal received by another thread does not wake from a lock. So no thread takes these signals but one that does
    nothing else (`signal.sigwait`), and setting the event wakes whoever waits for it.
    """
    stop = threading.Event()
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    threading.Thread(target=_await_signals, args=(stop,), name="signals", daemon=True).start()
    return stop


def stop_event() -> asyncio.Event:
    """An event of the running loop that SIGTERM or SIGINT sets. To be called once, in the main thread."""
    stop = asyncio.Event()
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _await_signals(stop: threading.Event) -> None:
    interrupted = False
    while True:
        number = signal.sigwait(STOP_SIGNALS)
        if number == signal.SIGINT and interrupted:
            os._exit(1)
        interrupted = interrupted or number == signal.SIGINT
        stop.set()
