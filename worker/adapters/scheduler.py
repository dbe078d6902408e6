"""The SDK worker that pulls from the Durable Task Scheduler, local or on Azure."""

import logging
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import grpc
from durabletask.azuremanaged.worker import DurableTaskSchedulerWorker
from durabletask.grpc_options import GrpcChannelOptions, GrpcWorkerResiliencyOptions
from durabletask.worker import (
    ConcurrencyOptions,
    VersionFailureStrategy,
    VersioningOptions,
    VersionMatchStrategy,
)

from contracts import names
from runtime.data_converter import PydanticDataConverter
from worker.adapters.retries import heed_final_failures

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
"""Histories come whole; gRPC's own limit of 4 MB would stop a long case for good."""
PROBE_TIMEOUT_S = 2.0


@dataclass(frozen=True)
class SchedulerAddress:
    """`DTS_ENDPOINT` in the words of gRPC."""

    host: str
    secure: bool

    @staticmethod
    def parse(endpoint: str) -> "SchedulerAddress":
        """`http://host:port` is plain, `https://host` is TLS on 443 unless it says otherwise."""
        parts = urlsplit(endpoint)
        secure = parts.scheme == "https"
        host = parts.hostname or ""
        return SchedulerAddress(
            f"{f'[{host}]' if ':' in host else host}:{parts.port or (443 if secure else 80)}", secure
        )


class SchedulerDown(Exception):
    """No scheduler answers there yet."""


def probe(address: SchedulerAddress) -> None:
    """Return when a scheduler accepts connections. Raises SchedulerDown."""
    if address.secure:
        channel = grpc.secure_channel(address.host, grpc.ssl_channel_credentials())
    else:
        channel = grpc.insecure_channel(address.host)
    try:
        grpc.channel_ready_future(channel).result(timeout=PROBE_TIMEOUT_S)
    except grpc.FutureTimeoutError:
        raise SchedulerDown("it does not accept connections yet") from None
    finally:
        channel.close()


def open_worker(
    address: SchedulerAddress, taskhub: str, threads: int, version: str = names.INVESTIGATION_VERSION
) -> DurableTaskSchedulerWorker:
    """A worker that is not started and knows no work yet. Over TLS it signs in by `DefaultAzureCredential`.

    `version`: the newest investigation that it takes.

    A quarter of the threads is kept from activities, so that orchestrations and entities move on while every
    other thread waits for a language model.
    """
    heed_final_failures()
    kept = max(2, threads // 4)
    worker = DurableTaskSchedulerWorker(
        host_address=address.host,
        taskhub=taskhub,
        token_credential=credential() if address.secure else None,
        secure_channel=address.secure,
        channel_options=GrpcChannelOptions(
            max_receive_message_length=MAX_MESSAGE_BYTES, max_send_message_length=MAX_MESSAGE_BYTES
        ),
        resiliency_options=GrpcWorkerResiliencyOptions(reconnect_backoff_cap_seconds=5.0),
        concurrency_options=ConcurrencyOptions(
            maximum_concurrent_activity_work_items=threads - kept,
            maximum_concurrent_orchestration_work_items=kept,
            maximum_concurrent_entity_work_items=kept,
            maximum_thread_pool_workers=threads,
        ),
        data_converter=PydanticDataConverter(),
        logger=logging.getLogger("worker.scheduler"),
    )
    # While releases overlap, a worker is sent no step that it does not know, and hands back a case that a newer one has
    # begun; older cases are welcome.
    worker.use_work_item_filters()
    worker.use_versioning(
        VersioningOptions(
            version=version,
            default_version=version,
            match_strategy=VersionMatchStrategy.CURRENT_OR_OLDER,
            failure_strategy=VersionFailureStrategy.REJECT,
        )
    )
    return worker


def credential() -> Any:
    """Who this process is to Azure."""
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential()
