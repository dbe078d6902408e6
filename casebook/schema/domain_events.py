"""The outbox of domain events: what others can subscribe to."""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class SequenceRow(Base, kw_only=True):
    """The last number that was drawn of one sequence. Whoever draws the next is the only one until its commit."""

    __tablename__ = "sequence"

    name: Mapped[str] = mapped_column(primary_key=True)
    last_number: Mapped[int] = mapped_column(BigInteger)


class DomainEventRow(Base, kw_only=True):
    """One event, written in the transaction of what it tells of."""

    __tablename__ = "domain_event"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    type: Mapped[str]
    subject: Mapped[str]
    at: Mapped[datetime]
    data: Mapped[str]


class ConsumerRow(Base, kw_only=True):
    """How far a consumer of the events has come, and which process delivers them to it."""

    __tablename__ = "consumer"

    name: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)
    lease_owner: Mapped[str | None] = mapped_column(default=None)
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
