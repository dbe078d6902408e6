"""What a process that reads telemetry counts, in Prometheus' families."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from backend.services.installation import IngestStatus


def telemetry_metrics(ingest: IngestStatus, now: datetime) -> Iterator[Metric]:
    """All sources together since the start of the process, then each by its name."""
    yield CounterMetricFamily("casewright_telemetry_events", "Telemetry events read.", value=ingest.events_read)
    yield CounterMetricFamily(
        "casewright_telemetry_malformed", "Telemetry that could not be read.", value=ingest.malformed.count
    )
    yield _by(
        "casewright_telemetry_dead_letters",
        "Telemetry that was not evaluated for other reasons, by kind.",
        "kind",
        ingest.dead_letters,
    )
    yield _by(
        "casewright_telemetry_mended", "What was mended in telemetry that was judged, by kind.", "kind", ingest.mended
    )
    yield _by(
        "casewright_alerts", "Alerts whose case this process opened, by rule.", "rule", ingest.cases_opened_by_rule
    )
    yield _of_rules(ingest)
    yield from _of_sources(ingest)
    yield from _of_partitions(ingest, now)
    yield from _of_scores(ingest)


def _by(name: str, help_text: str, label: str, values: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, help_text, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family


def _of_rules(ingest: IngestStatus) -> Metric:
    failures = CounterMetricFamily(
        "casewright_rule_failures",
        "Events at which a version of a rule broke off, by rule and version.",
        labels=["rule", "version"],
    )
    for each in ingest.rule_failures:
        failures.add_metric([each.rule_id, str(each.version)], each.events)
    return failures


def _of_sources(ingest: IngestStatus) -> Iterator[Metric]:
    events = CounterMetricFamily("casewright_source_events", "Telemetry events read, by source.", labels=["source"])
    dead = CounterMetricFamily(
        "casewright_source_dead_letters", "What was not evaluated, by source and kind.", labels=["source", "kind"]
    )
    for source in ingest.sources:
        events.add_metric([source.name], source.events_read)
        for kind, count in {"unreadable": source.unreadable, **source.dead_letters}.items():
            dead.add_metric([source.name, kind], count)
    yield from (events, dead)


def _of_partitions(ingest: IngestStatus, now: datetime) -> Iterator[Metric]:
    owned = GaugeMetricFamily(
        "casewright_source_partitions", "Partitions that this process reads, by source.", labels=["source"]
    )
    behind = GaugeMetricFamily(
        "casewright_source_behind", "Messages that wait to be judged, by partition.", labels=["source", "partition"]
    )
    age = GaugeMetricFamily(
        "casewright_source_newest_age_seconds",
        "Time since the hub took the last message that was judged.",
        labels=["source", "partition"],
    )
    for source in ingest.sources:
        if source.partitions:
            owned.add_metric([source.name], len(source.partitions))
        for each in source.partitions:
            behind.add_metric([source.name, each.partition], each.behind)
            if each.newest_at is not None:
                age.add_metric([source.name, each.partition], max(0.0, (now - each.newest_at).total_seconds()))
    yield from (owned, behind, age)


def _of_scores(ingest: IngestStatus) -> Iterator[Metric]:
    scored = GaugeMetricFamily(
        "casewright_score_charges",
        "Charges that the learned risk score has scored, of the partitions that this process has now.",
        labels=["source"],
    )
    waiting = GaugeMetricFamily(
        "casewright_score_waiting", "Scored charges that wait for what they turn out to be.", labels=["source"]
    )
    model = GaugeMetricFamily(
        "casewright_score_model", "The oldest version of the model that scores; 0: there is none.", labels=["source"]
    )
    for source in ingest.sources:
        if source.scores is not None:
            scored.add_metric([source.name], source.scores.charges)
            waiting.add_metric([source.name], source.scores.waiting)
            model.add_metric([source.name], source.scores.model)
    yield from (scored, waiting, model)
