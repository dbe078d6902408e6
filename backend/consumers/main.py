"""The process of the consumers: reads the settings, consumes until SIGTERM or SIGINT."""

import sys

from backend.consumers.message_counter import MessageCounter
from backend.settings import BackendSettings
from casebook.chat_api import ChatApi
from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from casebook.errors import CasebookUnavailable
from casebook.events_api import EventsApi
from runtime.log_lines import set_up_logging
from runtime.settings import SettingsInvalid, read_settings
from runtime.signals import stop_requested


def main() -> None:
    """Consume until SIGINT or SIGTERM. Exits with 1 and one sentence when it cannot start."""
    stop = stop_requested()
    try:
        settings = read_settings(BackendSettings)
        set_up_logging(settings.log_format, settings.log_level)
        engine = open_engine(settings.casebook_url)
        upgrade(engine)
    except (SettingsInvalid, CasebookUnavailable) as error:
        sys.exit(f"consumers: {error}")
    transactions = Transactions(engine)
    MessageCounter(EventsApi(transactions), ChatApi(transactions)).run(stop)
    engine.dispose()
