"""The tables of what people set for detection: versions of rules, which of them judge, and what is not reported."""

from datetime import datetime

from sqlalchemy import BigInteger, Integer
from sqlalchemy.orm import Mapped, mapped_column

from casebook.schema.base import Base


class RuleSettingsHead(Base, kw_only=True):
    """One row: how often any of it was changed. Who changes something holds its lock until the commit."""

    __tablename__ = "rule_settings_head"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(BigInteger)


class DetectionRuleRow(Base, kw_only=True):
    """Which versions of a rule judge. A rule without a row is as the release has it."""

    __tablename__ = "detection_rule"

    rule_id: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger)
    is_on: Mapped[bool]
    live_version: Mapped[int]
    shadow_version: Mapped[int | None] = mapped_column(default=None)
    changed_by: Mapped[str | None] = mapped_column(default=None)
    """Who changed last which versions judge; null: nobody, there are only drafts."""
    changed_at: Mapped[datetime | None] = mapped_column(default=None)
    reason: Mapped[str]


class RuleVersionRow(Base, kw_only=True):
    """One version of a rule. What it judges by never changes."""

    __tablename__ = "rule_version"

    rule_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    content: Mapped[str]
    """`RuleContent` as JSON."""
    based_on: Mapped[int | None] = mapped_column(default=None)
    created_by: Mapped[str | None] = mapped_column(default=None)
    """Null: the release."""
    created_at: Mapped[datetime]
    reason: Mapped[str]
    shadow_since: Mapped[datetime | None] = mapped_column(default=None)
    live_since: Mapped[datetime | None] = mapped_column(default=None)


class AlertSnoozeRow(Base, kw_only=True):
    """Until when nobody is alerted by a rule about a customer. It ends by itself; the row stays until the next one."""

    __tablename__ = "alert_snooze"

    rule_id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    until: Mapped[datetime]
    reason: Mapped[str]
    snoozed_by: Mapped[str]
    snoozed_at: Mapped[datetime]


class SuppressionRow(Base, kw_only=True):
    """What never counts: an address, or a customer whom no rule watches."""

    __tablename__ = "suppression"

    kind: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    added_by: Mapped[str]
    added_at: Mapped[datetime]


class RuleSignalCountRow(Base, kw_only=True):
    """How many signals of a version were counted on a day, by their fate."""

    __tablename__ = "rule_signal_count"

    rule_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    day: Mapped[str] = mapped_column(primary_key=True)
    """ISO 8601, UTC: when it was counted."""
    fate: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
