"""The settings of who sends domain events to others."""

from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from backend.delivery.addresses import Networks, parse_networks
from backend.delivery.event_hubs_options import MAX_BATCH_EVENTS, MIN_BATCH_BYTES, Compression, EventHubsOptions
from backend.desk_settings import DeskSettings


class DeliverySettings(DeskSettings):
    """Where domain events go; each is the environment variable of the same name in capitals."""

    webhook_allowed_networks: Annotated[Networks, NoDecode] = ()
    """Networks that are not public and may be posted to, as `10.1.0.0/16, fd12::/48`."""
    event_log_enabled: bool = False
    """Whether each domain event is a line of the log."""
    eventhub_events_name: Annotated[str, Field(min_length=1)] | None = None
    """The event hub that domain events are sent to."""
    eventhub_events_namespace: Annotated[str, Field(min_length=1)] | None = None
    """The host of its namespace, such as `contoso.servicebus.windows.net`."""
    eventhub_events_connection_string: SecretStr | None = None
    """Instead of the namespace, and of the emulator only."""
    eventhub_events_batch: Annotated[int, Field(ge=1, le=MAX_BATCH_EVENTS)] = MAX_BATCH_EVENTS
    """Events of one batch, at most."""
    eventhub_events_batch_bytes: Annotated[int, Field(ge=MIN_BATCH_BYTES)] | None = None
    """Bytes of one batch, at most; as many as the hub takes, unless it is given."""
    eventhub_events_compression: Compression = "none"
    """`gzip` packs the body of each event."""

    @field_validator("webhook_allowed_networks", mode="before")
    @classmethod
    def _read_allowed(cls, value: object) -> object:
        return parse_networks(value) if isinstance(value, str) else value

    @property
    def event_hub(self) -> EventHubsOptions | None:
        """The event hub that domain events are sent to; None: to none."""
        if self.eventhub_events_name is None:
            return None
        connection = self.eventhub_events_connection_string
        return EventHubsOptions(
            hub=self.eventhub_events_name,
            namespace=self.eventhub_events_namespace,
            connection_string=None if connection is None else connection.get_secret_value(),
            batch_events=self.eventhub_events_batch,
            batch_bytes=self.eventhub_events_batch_bytes,
            compression=self.eventhub_events_compression,
        )

    @model_validator(mode="after")
    def _name_one_hub(self) -> Self:
        has_place = self.eventhub_events_namespace is not None or self.eventhub_events_connection_string is not None
        if has_place and self.eventhub_events_name is None:
            raise ValueError("EVENTHUB_EVENTS_NAME is missing: set it to the event hub that domain events are sent to")
        try:
            _ = self.event_hub
        except ValueError as error:
            raise ValueError(f"EVENTHUB_EVENTS_*: {error}") from None
        return self
