"""How long a process may take to stop: one number for the process and for whoever waits for it."""

DRAIN_SECONDS = 25.0
"""`WORKER_DRAIN_SECONDS` unless it is set: how long a worker lets running activities go on."""

LEAVE_SECONDS = 10.0
"""What a worker needs beyond that, to close what it has open and go."""


def grace_seconds(drain: str | None) -> float:
    """How long to wait for a worker before it is killed, by its `WORKER_DRAIN_SECONDS` in the environment.

    What is no number is for the worker to refuse.
    """
    try:
        seconds = float(drain) if drain else DRAIN_SECONDS
    except ValueError:
        seconds = DRAIN_SECONDS
    return max(seconds, 0.0) + LEAVE_SECONDS
