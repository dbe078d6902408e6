"""Reads the mark of the task hub, before the worker takes any work from it."""

import json
import logging
from collections.abc import Callable

import grpc
from durabletask.azuremanaged.client import DurableTaskSchedulerClient
from durabletask.grpc_options import GrpcChannelOptions
from pydantic import ValidationError

from contracts import names
from contracts.hub import HubOwner
from runtime.data_converter import PydanticDataConverter
from worker.adapters.scheduler import SchedulerAddress, SchedulerDown, credential

MISMATCH = (
    "it holds the work of another casebook ({owner}) than this worker's ({own}); no work is taken: "
    "set CASEBOOK_URL to the backend's casebook, or DTS_TASKHUB to this one's hub"
)


# The SDK gives its calls no time limit, and a process that is stopped must not wait for an answer.
_CHANNEL = GrpcChannelOptions(
    raw_options=[("grpc.service_config", json.dumps({"methodConfig": [{"name": [{}], "timeout": "5s"}]}))]
)


class HubNotOurs(Exception):
    """No work of this hub may be taken yet: nobody has marked it, or its work is another casebook's."""


def require_own_hub(address: SchedulerAddress, taskhub: str, own_id: Callable[[], str]) -> None:
    """Return when the backend has marked this hub for the casebook `own_id`.

    Raises HubNotOurs, SchedulerDown, or what `own_id` raises.
    """
    own = own_id()
    owner = _owner(address, taskhub)
    if owner is None:
        raise HubNotOurs("no backend has marked it for its casebook yet")
    if owner != own:
        raise HubNotOurs(MISMATCH.format(owner=owner, own=own))


def _owner(address: SchedulerAddress, taskhub: str) -> str | None:
    with DurableTaskSchedulerClient(
        host_address=address.host,
        taskhub=taskhub,
        token_credential=credential() if address.secure else None,
        secure_channel=address.secure,
        channel_options=_CHANNEL,
        data_converter=PydanticDataConverter(),
        logger=_quiet_logger(),
    ) as client:
        try:
            state = client.get_orchestration_state(names.HUB_OWNER_INSTANCE)
        except grpc.RpcError as error:
            if not isinstance(error, grpc.Call):
                raise
            if error.code() is grpc.StatusCode.NOT_FOUND:
                return None
            raise SchedulerDown(f"it does not say whose work it holds ({error.code().name})") from None
    if state is None or state.serialized_input is None:
        return None
    try:
        return HubOwner.model_validate_json(state.serialized_input).casebook_id
    except ValidationError:
        return "one that it does not name"


def _quiet_logger() -> logging.Logger:
    logger = logging.getLogger("worker.scheduler.hub")
    logger.setLevel(logging.WARNING)
    return logger
