"""The table of agents' journals: answers of models, so that none is paid for twice."""

from datetime import datetime

from sqlalchemy import (
    ForeignKey,
)
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class ModelCallRow(Base, kw_only=True):
    """A model's answer that has been paid for, kept so that a restarted step asks nothing twice."""

    __tablename__ = "model_call"

    case_id: Mapped[str] = mapped_column(ForeignKey("case.case_id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    response: Mapped[str]
    recorded_at: Mapped[datetime]
    number: Mapped[int] = mapped_column(server_default="0")
    """Its place in the journal of its case, from 1 on."""
    use: Mapped[str | None] = mapped_column(default=None)
    """What it cost: `contracts.spend.ModelUse` as JSON."""
    hash: Mapped[str] = mapped_column(server_default="unlinked")
    """Links it to the one before it: `casebook.case_log.call_chain`."""
