import re
from pathlib import Path

import pytest
from pydantic import AliasChoices
from pydantic_settings import BaseSettings

from backend.delivery.settings import DeliverySettings
from backend.desk_settings import DeskSettings
from backend.ingest.settings import TelemetrySettings
from backend.settings import BackendSettings
from local.parts import DEFAULT_PORTS
from local.telemetry.settings import SimulatorSettings
from mcp_server.settings import McpSettings
from runtime.secret_sources import secret_names
from worker.settings import WorkerSettings

PAGE = (Path(__file__).parents[3] / "docs" / "configuration.md").read_text()


def variables(settings: type[BaseSettings]) -> set[str]:
    names: set[str] = set()
    for name, field in settings.model_fields.items():
        alias = field.validation_alias
        names |= {str(choice) for choice in alias.choices} if isinstance(alias, AliasChoices) else {name.upper()}
    return names


@pytest.mark.parametrize("settings", [BackendSettings, WorkerSettings, McpSettings])
def test_every_setting_is_on_the_page(settings: type[BaseSettings]) -> None:
    missing = {name for name in variables(settings) if f"`{name}`" not in PAGE}
    assert missing == set(), f"docs/configuration.md does not say what these mean: {sorted(missing)}"


@pytest.mark.parametrize(
    ("process", "settings"),
    [
        ("worker", WorkerSettings),
        ("backend", BackendSettings),
        ("consumers", DeliverySettings),
        ("jobs", DeskSettings),
        ("ingest, rule lab", TelemetrySettings),
        ("telemetry simulator", SimulatorSettings),
    ],
)
def test_page_says_which_secrets_a_process_reads(process: str, settings: type[BaseSettings]) -> None:
    (row,) = re.findall(rf"^\| {process} \| (`.*`) \|$", PAGE, flags=re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", row)) == secret_names(settings.model_fields)


def test_page_names_every_port_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+_PORT)` \| `(\d+)` \|", PAGE, flags=re.MULTILINE))
    ports = {**DEFAULT_PORTS, "INGEST_HEALTH_PORT": BackendSettings.model_fields["ingest_health_port"].default}
    assert {name: int(port) for name, port in rows.items()} == ports


def test_the_page_names_no_setting_that_nothing_reads() -> None:
    read = variables(BackendSettings) | variables(WorkerSettings) | variables(McpSettings) | set(DEFAULT_PORTS)
    read |= {"EVENT_INTERVAL_SECONDS", "CHROMIUM_PATH"}  # read by the stack's plan and by the browser tests
    named = set(re.findall(r"^\| `([A-Z][A-Z0-9_]+)` \|", PAGE, flags=re.MULTILINE))
    assert named - read == set()
