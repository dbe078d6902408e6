"""What the ingest's own server answers, and to whom."""

from collections.abc import Generator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from backend.executor import BlockingExecutor
from backend.ingest.health import health_app
from backend.ingest.settings import TelemetrySettings
from backend.ingest.status import ingest_status
from backend.services.installation import IngestStatus
from backend.services.readiness import ReadinessProbe
from casebook.database.engine import open_engine, upgrade
from casebook.database.transactions import Transactions
from runtime.settings import read_settings
from tests.unit.backend.ingest.lines import ListSource
from tests.unit.backend.ingest.test_service import FakeCases, service

EVERYWHERE = {"INGEST_HEALTH_HOST": "0.0.0.0"}


def nothing_read() -> IngestStatus:
    return ingest_status(service(FakeCases(), ListSource([])).report())


@pytest.fixture
def readiness(tmp_path: Path) -> Generator[ReadinessProbe]:
    engine = open_engine(f"sqlite:///{tmp_path / 'casebook.db'}")
    upgrade(engine)
    yield ReadinessProbe(Transactions(engine), BlockingExecutor())
    engine.dispose()


def asked(readiness: ReadinessProbe, names: frozenset[str], host: str) -> dict[str, int]:
    with TestClient(health_app(nothing_read, readiness, names), base_url=f"http://{host}") as client:
        return {path: client.get(path).status_code for path in ("/healthz", "/ready", "/metrics")}


@pytest.mark.parametrize(
    ("settings", "host", "metrics"),
    [
        ({}, "127.0.0.1:8002", 200),
        ({}, "evil.example:8002", 403),
        ({"ALLOWED_HOSTS": "ingest.example"}, "ingest.example", 200),
        (EVERYWHERE, "127.0.0.1:8002", 403),
        (EVERYWHERE, "10.1.2.3:8002", 403),
        ({**EVERYWHERE, "ALLOWED_HOSTS": "ingest.example"}, "ingest.example:8002", 200),
        ({**EVERYWHERE, "ALLOWED_HOSTS": "ingest.example"}, "evil.example", 403),
    ],
)
def test_metrics_are_answered_by_own_name(
    readiness: ReadinessProbe, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], host: str, metrics: int
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    names = read_settings(TelemetrySettings).health_names
    assert asked(readiness, names, host) == {"/healthz": 200, "/ready": 200, "/metrics": metrics}


def test_answers_are_those_of_the_backend(readiness: ReadinessProbe) -> None:
    names = frozenset({"localhost"})
    with TestClient(health_app(nothing_read, readiness, names), base_url="http://localhost") as client:
        metrics = client.get("/metrics")
        refused = client.get("/metrics", headers={"host": "evil.example"})
    assert "casewright_telemetry_events_total 0.0" in metrics.text
    assert metrics.headers["x-content-type-options"] == "nosniff"
    assert refused.json()["id"] == "forbidden-host"
    assert refused.json()["detail"] == (
        "This server does not answer to this name: add it to ALLOWED_HOSTS if it is one of its own."
    )
