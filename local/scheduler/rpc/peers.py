"""Whether a client's connection still exists.

gRPC tells a server that a call was cancelled, not whether the client cancelled it or its connection broke. A worker
that stops cancels its stream and keeps the connection while it finishes its work; one that was killed has none.
"""

from pathlib import Path

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
ESTABLISHED = "01"


def is_connected(peer: str, port: int) -> bool:
    """Whether `peer` (as gRPC writes it, `ipv4:127.0.0.1:4321`) has a connection to our `port`.

    Where the system has no table of connections the answer is yes: nobody is taken for lost without a proof.
    """
    number = peer.rpartition(":")[2]
    if not number.isdigit():
        return True
    local, remote = f"{port:04X}", f"{int(number):04X}"
    readable = False
    for table in TABLES:
        try:
            lines = table.read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        readable = True
        for line in lines:
            _, near, far, state, *_ = line.split()
            if state == ESTABLISHED and near.endswith(f":{local}") and far.endswith(f":{remote}"):
                return True
    return not readable
