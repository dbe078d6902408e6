"""Which event hub the simulator sends to, when it is told to send to one."""

from typing import Annotated

from pydantic import Field, SecretStr

from runtime.event_hub_address import HubAddress
from runtime.settings import ProcessSettings


class NoHub(Exception):
    """The settings name no hub, or half of one; the message is one sentence."""


class SimulatorSettings(ProcessSettings):
    """The hub that an ingest reads, by the same variables."""

    eventhub_telemetry_name: Annotated[str, Field(min_length=1)] | None = None
    eventhub_telemetry_namespace: Annotated[str, Field(min_length=1)] | None = None
    eventhub_telemetry_connection_string: SecretStr | None = None

    def hub(self, name: str | None, namespace: str | None) -> HubAddress:
        """The hub, of which the command line may name the parts. Raises NoHub."""
        secret = self.eventhub_telemetry_connection_string
        try:
            return HubAddress(
                name or self.eventhub_telemetry_name or "",
                namespace or self.eventhub_telemetry_namespace,
                None if secret is None else secret.get_secret_value(),
            )
        except ValueError as error:
            raise NoHub(
                f"The simulator cannot send to Event Hubs ({error}): set EVENTHUB_TELEMETRY_NAME, and "
                "EVENTHUB_TELEMETRY_NAMESPACE or EVENTHUB_TELEMETRY_CONNECTION_STRING."
            ) from None
