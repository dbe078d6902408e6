"""The table of workers and their last heartbeats."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class WorkerRow(Base, kw_only=True):
    """One worker process. It says nothing about any case, and no audit follows it."""

    __tablename__ = "worker"

    worker_id: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime]
    """By the clock of the worker."""
