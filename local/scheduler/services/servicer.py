"""All 29 RPCs of the protocol in one object."""

from local.scheduler.services.entities import Entities
from local.scheduler.services.orchestrations import Orchestrations
from local.scheduler.services.queries import Queries
from local.scheduler.services.task_hubs import TaskHubs
from local.scheduler.services.workers import Workers


class Servicer(Orchestrations, Queries, Entities, TaskHubs, Workers):
    """One method per RPC. Raises SchedulerError; `server.py` turns that into a gRPC status."""
