"""All 29 RPCs of the protocol in one object."""

from local.scheduler.services.entities import Entities
from local.scheduler.services.hubs import Hubs
from local.scheduler.services.orchestrations import Orchestrations
from local.scheduler.services.queries import Queries
from local.scheduler.services.workers import Workers


class Servicer(Orchestrations, Queries, Entities, Hubs, Workers):
    """One method per RPC. Raises SchedulerError; `server.py` turns that into a gRPC status."""
