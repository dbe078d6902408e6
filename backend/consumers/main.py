"""The process of the consumers: reads the settings, consumes and delivers until SIGTERM or SIGINT."""

import asyncio
import os
import sys

from backend.background_jobs import jobs_running
from backend.consumers.event_consumers import EventConsumers
from backend.consumers.opening import open_sinks
from backend.delivery.settings import DeliverySettings
from backend.delivery.webhooks import WebhookSender
from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.errors import CasebookUnavailable
from contracts.far_settings import why_far_from_desk
from runtime.files import keep_private
from runtime.log_lines import set_up_logging
from runtime.settings import SettingsInvalid, read_settings
from runtime.signals import stop_event


def main() -> None:
    """Consume until SIGINT or SIGTERM. Exits with 1 and one sentence when it cannot start."""
    keep_private()
    try:
        if (reason := why_far_from_desk(os.environ, unless_said="local")) is not None:
            raise SettingsInvalid(reason)
        settings = read_settings(DeliverySettings)
        set_up_logging(settings.log_format, settings.log_level)
        engine = open_engine(settings.casebook_url)
        upgrade(engine)
    except (SettingsInvalid, CasebookUnavailable) as error:
        sys.exit(f"consumers: {error}")
    settings.log_secret_sources()
    failed = asyncio.run(_consume(settings, Transactions(engine)))
    engine.dispose()
    if failed:
        sys.exit(1)


async def _consume(settings: DeliverySettings, transactions: Transactions) -> bool:
    """Consume until stopped; whether a part died on which everything rests."""
    stop = stop_event()
    failed = False

    def fail() -> None:
        nonlocal failed
        failed = True
        stop.set()

    async with open_sinks(event_log=settings.event_log_enabled, event_hub=settings.event_hub) as sinks:
        consumers = EventConsumers(transactions, WebhookSender(settings.webhook_allowed_networks), sinks)
        async with consumers.handing_over(), jobs_running(*consumers.jobs, on_failure=fail):
            await stop.wait()
    return failed
