"""Ingest: reads telemetry from its sources, hands it to detection and opens a case for every alert."""

from backend.ingest.replay import ReplaySource
from backend.ingest.report import IngestReport, MalformedLine, PartitionReport, SourceReport, SourceState
from backend.ingest.selection import choose_sources
from backend.ingest.service import IngestService
from backend.ingest.source import (
    Flood,
    HubReading,
    PartitionedSource,
    PartitionPipeline,
    Poison,
    Received,
    TelemetrySource,
)
from backend.ingest.stream import StreamSource

__all__ = [
    "Flood",
    "HubReading",
    "IngestReport",
    "IngestService",
    "MalformedLine",
    "PartitionPipeline",
    "PartitionReport",
    "PartitionedSource",
    "Poison",
    "Received",
    "ReplaySource",
    "SourceReport",
    "SourceState",
    "StreamSource",
    "TelemetrySource",
    "choose_sources",
]
