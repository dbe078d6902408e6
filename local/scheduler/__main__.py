"""`python -m local.scheduler`: a Durable Task Scheduler endpoint for one machine, held in memory.

It serves the SDK's own test backend. Cases are safe from a crash of the worker while they wait for
a person; they are not safe from a stop of this process, which forgets everything.
"""

import argparse
import logging
import signal
import sys
from collections.abc import Callable
from concurrent import futures
from pathlib import Path
from typing import cast

import grpc
from durabletask.internal import orchestrator_service_pb2_grpc as stubs
from durabletask.testing.in_memory_backend import InMemoryOrchestrationBackend

# One thread is held by each connected worker's stream and by each waiting client.
SERVER_THREADS = 64
MAX_MESSAGE_BYTES = 16 * 1024 * 1024

log = logging.getLogger("casewright.scheduler")


def main() -> None:
    """Serves until SIGINT or SIGTERM. Exits with 1 and one sentence if the port is taken."""
    options = _parse_arguments()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    options.data.mkdir(parents=True, exist_ok=True)
    backend = InMemoryOrchestrationBackend(port=options.port)
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=SERVER_THREADS),
        options=[("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES)],
    )
    add_servicer = cast(
        "Callable[[InMemoryOrchestrationBackend, grpc.Server], None]",
        stubs.add_TaskHubSidecarServiceServicer_to_server,  # pyright: ignore[reportUnknownMemberType] generated code
    )
    add_servicer(backend, server)
    try:
        server.add_insecure_port(f"{options.host}:{options.port}")
    except RuntimeError:
        sys.exit(f"Port {options.port} on {options.host} is in use: stop the other program or choose another --port.")
    stopping = [signal.SIGINT, signal.SIGTERM]
    signal.pthread_sigmask(signal.SIG_BLOCK, stopping)
    server.start()
    log.info("scheduler ready on %s:%d (in memory: state is lost when it stops)", options.host, options.port)
    signal.sigwait(stopping)
    backend.stop()
    server.stop(grace=1).wait()


class _Options(argparse.Namespace):
    host: str
    port: int
    data: Path
    durability: str


def _parse_arguments() -> _Options:
    parser = argparse.ArgumentParser(prog="python -m local.scheduler", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="gRPC port (default: %(default)s)")
    parser.add_argument("--data", type=Path, default=Path(".casewright/scheduler"), help="folder for its state")
    parser.add_argument("--durability", choices=["full", "normal"], default="full", help="when a commit counts as done")
    return parser.parse_args(namespace=_Options())


if __name__ == "__main__":
    main()
