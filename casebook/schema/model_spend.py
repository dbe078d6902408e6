"""The table of the costs of models. It is derived from the journal of model calls, and written with it."""

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class ModelSpendRow(Base, kw_only=True):
    """The calls of one agent in one round of a case, with one model, on one day."""

    __tablename__ = "model_spend"
    __table_args__ = (Index("ix_model_spend_day", "day"),)

    case_id: Mapped[str] = mapped_column(ForeignKey("case.case_id"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    agent: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(primary_key=True)
    """UTC, ISO 8601."""
    rule_id: Mapped[str | None]
    model_calls: Mapped[int]
    input_tokens: Mapped[int] = mapped_column(BigInteger)
    output_tokens: Mapped[int] = mapped_column(BigInteger)
    cost_micro_usd: Mapped[int | None] = mapped_column(BigInteger)
    """Null when the price of the model was not known for one of the calls."""
