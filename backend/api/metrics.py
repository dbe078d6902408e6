"""`/metrics`: metrics in Prometheus' text format."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from fastapi import APIRouter
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

from backend.api.dependencies import IngestStatusDep, ServicesDep
from backend.http.problem import documented
from backend.services.installation import IngestStatus
from backend.services.kept_for import Record
from backend.services.rate_limits import What
from backend.services.telemetry_metrics import telemetry_metrics
from casebook.database.transactions import utc_now
from casebook.queries.consumers import ConsumerState
from casebook.queries.cursors import Backlog
from contracts.case import CaseState
from contracts.security import SecurityEventKind

router = APIRouter(tags=["operations"])


class MetricsResponse(Response):
    """Prometheus' text format."""

    media_type = CONTENT_TYPE_LATEST


@dataclass(frozen=True)
class Reading(Collector):
    """The numbers of one instant. Counters count from the start of the process, refusals from that of the casebook."""

    cases: Mapping[CaseState, int]
    backlog: Backlog
    ingest: IngestStatus
    watchers: int
    stalled: int
    refused: Mapping[str, int]
    consumers: Sequence[ConsumerState]
    security: Mapping[SecurityEventKind, int]
    limited: Mapping[What, int]
    deleted: Mapping[Record, int]
    needed: Mapping[Record, int]
    undeleted: Mapping[Record, int]
    deletion_waits_s: float
    at: datetime

    def collect(self) -> Iterator[Metric]:
        """Each metric with its values."""
        cases = GaugeMetricFamily("casewright_cases", "Cases by state.", labels=["state"])
        for state, count in self.cases.items():
            cases.add_metric([state], count)
        yield cases
        backlog = GaugeMetricFamily(
            "casewright_relay_backlog", "What the scheduler has yet to be told of.", labels=["kind"]
        )
        backlog.add_metric(["start"], self.backlog.unscheduled)
        backlog.add_metric(["decision"], self.backlog.undelivered)
        yield backlog
        yield from telemetry_metrics(self.ingest, self.at)
        yield GaugeMetricFamily(
            "casewright_cases_stalled",
            "Open cases that failed so often that they wait until a person decides, or for an hour.",
            value=self.stalled,
        )
        yield _counted(
            "casewright_refused_transitions", "What nothing on record justified, by reason.", "reason", self.refused
        )
        yield from self._consumers()
        yield _counted(
            "casewright_security_events",
            "Sign-ins, refusals, exports and ended sessions, by kind.",
            "kind",
            {kind: self.security.get(kind, 0) for kind in get_args(SecurityEventKind)},
        )
        yield _counted(
            "casewright_rate_limited",
            "Requests that were refused because too many came, by kind.",
            "kind",
            {what: self.limited.get(what, 0) for what in get_args(What)},
        )
        yield from self._old_records()
        yield GaugeMetricFamily("casewright_watchers", "Open event streams and sockets.", value=self.watchers)

    def _old_records(self) -> Iterator[Metric]:
        yield _counted(
            "casewright_retention_deleted",
            "What was deleted once it had been kept for long enough.",
            "record",
            {record: self.deleted.get(record, 0) for record in get_args(Record)},
        )
        needed = GaugeMetricFamily(
            "casewright_retention_needed", "Old cases that are kept because something needs them.", labels=["record"]
        )
        for record, count in self.needed.items():
            needed.add_metric([record], count)
        yield needed
        yield _counted(
            "casewright_retention_failed",
            "Attempts to delete what is old that failed in themselves.",
            "record",
            {record: self.undeleted.get(record, 0) for record in get_args(Record)},
        )
        yield GaugeMetricFamily(
            "casewright_retention_waits_seconds",
            "Until anything old is deleted, after an upgrade or a jump of the clock; 0: it is deleted now.",
            value=self.deletion_waits_s,
        )

    def _consumers(self) -> Iterator[Metric]:
        behind = GaugeMetricFamily(
            "casewright_events_behind", "Domain events that a consumer has not handled yet.", labels=["consumer"]
        )
        waiting = GaugeMetricFamily(
            "casewright_event_deliveries_waiting", "Deliveries that are tried again.", labels=["consumer"]
        )
        dead = GaugeMetricFamily("casewright_event_dead_letters", "Deliveries that were given up.", labels=["consumer"])
        for consumer in self.consumers:
            behind.add_metric([consumer.name], consumer.behind)
            waiting.add_metric([consumer.name], consumer.waiting)
            dead.add_metric([consumer.name], consumer.dead_letters)
        yield from (behind, waiting, dead)


def _counted(name: str, text: str, label: str, counts: Mapping[str, int]) -> Metric:
    counter = CounterMetricFamily(name, text, labels=[label])
    for value, count in counts.items():
        counter.add_metric([value], count)
    return counter


@router.get(
    "/metrics",
    operation_id="get_metrics",
    summary="Numbers to watch",
    response_class=MetricsResponse,
    responses={200: {"description": "Prometheus' text format"}, **documented(503)},
)
async def get_metrics(services: ServicesDep, ingest: IngestStatusDep) -> MetricsResponse:
    """Cases by state, alerts by rule, telemetry read, open streams, and what waits for the scheduler."""
    reading = Reading(
        cases=await services.workspace.count_states(),
        backlog=await services.record.backlog(),
        ingest=ingest,
        watchers=services.broadcast.watchers,
        stalled=len(services.failed.stalled),
        refused=await services.workspace.refusals_by_reason(),
        security=services.security.counts,
        limited=services.rates.refused,
        deleted=services.old_records.deleted,
        needed=services.old_records.needed,
        undeleted=services.old_records.failed,
        deletion_waits_s=services.old_records.waits_s,
        consumers=await services.event_record.consumer_states(),
        at=utc_now(),
    )
    return MetricsResponse(generate_latest(reading))
