"""What the ingest tells of itself: `/healthz`, `/ready` and `/metrics`."""

from collections.abc import Callable, Iterator

from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from backend.http.front import front
from backend.http.site import Site
from backend.services.installation import IngestStatus
from backend.services.readiness import ReadinessProbe
from backend.services.telemetry_metrics import telemetry_metrics
from casebook.database.transactions import utc_now

OK = "ok"


class _Telemetry(Collector):
    def __init__(self, status: IngestStatus) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        yield from telemetry_metrics(self._status, utc_now())


def health_app(status: Callable[[], IngestStatus], readiness: ReadinessProbe, names: frozenset[str]) -> ASGIApp:
    """Ready: the casebook can be written, and every source gives what it has.

    It stands behind what the backend stands behind, too. `names`: what it is called by; probes call by address.
    """

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": OK})

    async def ready(_request: Request) -> Response:
        parts = {"casebook": await readiness.fault() or OK}
        parts |= {source.name: source.error or OK for source in status().sources}
        is_ready = all(part == OK for part in parts.values())
        return JSONResponse(
            {"status": "ready" if is_ready else "not_ready", "parts": parts}, status_code=200 if is_ready else 503
        )

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(_Telemetry(status())), media_type=CONTENT_TYPE_LATEST)

    routes = [Route("/healthz", health), Route("/ready", ready), Route("/metrics", metrics)]
    return front(Starlette(routes=routes), Site(names))
