"""The errors of the scheduler.

SchedulerError
├── InstanceNotFound, EntityNotFound, HubNotFound, ExecutionNotFound     NOT_FOUND
├── InstanceExists                                                       ALREADY_EXISTS
├── NotFinished, NotFailed                                               FAILED_PRECONDITION
├── BadRequest                                                           INVALID_ARGUMENT
├── MessageTooLarge, StoreFull                                           RESOURCE_EXHAUSTED
├── StoreDamaged                                                         DATA_LOSS
├── StoreFailed                                                          UNAVAILABLE
└── CannotOpen                                                           at start-up only
"""

import grpc


class SchedulerError(Exception):
    """Base: `code` is the gRPC status a client sees, the text is one exact sentence."""

    code: grpc.StatusCode = grpc.StatusCode.INTERNAL


class InstanceNotFound(SchedulerError):
    """The instance id is unknown in this task hub."""

    code = grpc.StatusCode.NOT_FOUND

    def __init__(self, instance_id: str) -> None:
        super().__init__(f"There is no orchestration instance '{instance_id}' in this task hub.")


class ExecutionNotFound(SchedulerError):
    """The instance exists, but its current execution is another one."""

    code = grpc.StatusCode.NOT_FOUND

    def __init__(self, instance_id: str, execution_id: str) -> None:
        super().__init__(
            f"Orchestration instance '{instance_id}' has no execution '{execution_id}': only the newest is kept."
        )


class EntityNotFound(SchedulerError):
    """The entity id is unknown in this task hub."""

    code = grpc.StatusCode.NOT_FOUND

    def __init__(self, entity_id: str) -> None:
        super().__init__(f"There is no entity '{entity_id}' in this task hub.")


class HubNotFound(SchedulerError):
    """The task hub does not exist and may not be created on first use."""

    code = grpc.StatusCode.NOT_FOUND

    def __init__(self, hub: str) -> None:
        super().__init__(
            f"There is no task hub '{hub}', and this scheduler does not create hubs on first use: "
            "call CreateTaskHub, or start it without --no-auto-hubs."
        )


class InstanceExists(SchedulerError):
    """The instance id is taken and the request does not allow replacing it."""

    code = grpc.StatusCode.ALREADY_EXISTS

    def __init__(self, instance_id: str, status: str) -> None:
        super().__init__(f"Orchestration instance '{instance_id}' already exists and is {status}.")


class NotFinished(SchedulerError):
    """The operation needs an instance that has ended."""

    code = grpc.StatusCode.FAILED_PRECONDITION

    def __init__(self, instance_id: str, status: str) -> None:
        super().__init__(
            f"Orchestration instance '{instance_id}' is {status}: "
            "only one that has ended can be restarted under its id."
        )


class NotFailed(SchedulerError):
    """The operation needs a failed instance."""

    code = grpc.StatusCode.FAILED_PRECONDITION

    def __init__(self, instance_id: str, status: str) -> None:
        super().__init__(f"Orchestration instance '{instance_id}' is {status}: only a failed one can be rewound.")


class BadRequest(SchedulerError):
    """A field of the request cannot be right."""

    code = grpc.StatusCode.INVALID_ARGUMENT


class MessageTooLarge(SchedulerError):
    """The payload is larger than the managed service takes."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED

    def __init__(self, what: str, size: int, limit: int) -> None:
        super().__init__(
            f"{what} has {size:,} bytes, and at most {limit:,} are taken: "
            "send less, or give worker and client a payload store."
        )


class StoreFull(SchedulerError):
    """The disk is full; nothing of the request was stored."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED

    def __init__(self) -> None:
        super().__init__("The scheduler's disk is full: nothing was stored; free some space and try again.")


class StoreDamaged(SchedulerError):
    """SQLite found damage in the database file."""

    code = grpc.StatusCode.DATA_LOSS

    def __init__(self, detail: str) -> None:
        super().__init__(f"The scheduler's database is damaged ({detail}): restore it from a copy.")


class StoreFailed(SchedulerError):
    """The database refused for another reason; nothing of the request was stored."""

    code = grpc.StatusCode.UNAVAILABLE

    def __init__(self, detail: str) -> None:
        super().__init__(f"The scheduler could not store the request ({detail}): try again.")


class CannotOpen(SchedulerError):
    """The data folder cannot be used; the text says why and how to mend it."""
