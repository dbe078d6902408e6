"""Reads grants, and what they must be compared with."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, Text, and_, bindparam, cast, literal, literal_column, select

from casebook.projection.effects import FactsChanged
from casebook.schema.approvals import ReversalRow
from casebook.schema.base import PlainRow, table_of
from casebook.schema.case_log import CaseEventRow
from casebook.schema.cases import CaseRow
from casebook.schema.effects import EffectRow
from casebook.schema.grants import GrantRow
from casebook.schema.reviews import DecisionRow
from contracts.kinds import action_spec
from contracts.kinds.fraud import FRAUD

RENEWED_BEFORE = timedelta(hours=6)
"""How long before its end a grant is replaced whose effect has not ended."""

_GRANTS, _CASES, _REVERSALS = table_of(GrantRow), table_of(CaseRow), table_of(ReversalRow)
_DECISIONS, _EFFECTS, _EVENTS = table_of(DecisionRow), table_of(EffectRow), table_of(CaseEventRow)
_VALID = select(_GRANTS.c.text).where(_GRANTS.c.key == bindparam("of_effect"), _GRANTS.c.expires_at > bindparam("now"))
# Literals, because SQLite uses no partial index for a parameter.
_DECIDED = (
    select(
        _CASES.c.case_id,
        _DECISIONS.c.review_id,
        _DECISIONS.c.action,
        _EFFECTS.c.key,
        _EFFECTS.c.action.label("begun"),
        _EFFECTS.c.status,
        _EVENTS.c.seq.label("changed_seq"),
    )
    .select_from(_CASES)
    .join(_DECISIONS, and_(_DECISIONS.c.case_id == _CASES.c.case_id, _DECISIONS.c.round == _CASES.c.round))
    .outerjoin(_EFFECTS, _EFFECTS.c.case_id == _CASES.c.case_id)
    .outerjoin(
        _EVENTS,
        and_(
            _EVENTS.c.case_id == _CASES.c.case_id,
            _EVENTS.c.dedupe_key == literal(f"{FactsChanged.type}:") + cast(_CASES.c.round, Text),
        ),
    )
    .where(
        _CASES.c.state != literal_column("'closed'"),
        _CASES.c.kind == FRAUD.name,
        _DECISIONS.c.verdict == "approve",
        _DECISIONS.c.on_hold_until.is_(None),
        _DECISIONS.c.action.in_([action for action, spec in FRAUD.actions.items() if spec.effects]),
    )
    .order_by(_CASES.c.case_id, _EFFECTS.c.started_seq)
)
_TO_REVERSE = select(_REVERSALS.c.case_id, _REVERSALS.c.reversal_id).where(
    _REVERSALS.c.status == literal_column("'approved'")
)
_KEPT = select(
    _GRANTS.c.case_id, _GRANTS.c.key, _GRANTS.c.approval, _GRANTS.c.key_id, _GRANTS.c.granted, _GRANTS.c.expires_at
).order_by(_GRANTS.c.key)


@dataclass(frozen=True)
class CaseToJudge:
    """A case in which a grant may be missing, or one too many."""

    case_id: str
    seen: str
    """By what: it need not be judged again while this stays the same."""


@dataclass
class _Found:
    """What is on record of one case."""

    decided: list[PlainRow] = field(default_factory=list[PlainRow])
    """One row for each effect that was begun; one without an effect where none was."""
    to_reverse: list[str] = field(default_factory=list[str])
    kept: list[PlainRow] = field(default_factory=list[PlainRow])


def grant_of(connection: Connection, key: str, now: datetime) -> str | None:
    """What the backend signed for the effect under this key; None: nothing that is valid now."""
    return connection.execute(_VALID, {"of_effect": key, "now": now}).scalar()


def cases_to_judge(connection: Connection, key_id: str, now: datetime) -> list[CaseToJudge]:
    """Cases whose grants are not plainly those that their approvals need, signed by this key and valid for long.

    Three statements, however many cases there are: of approvals in open cases, of approved reversals, and of grants.
    """
    cases: defaultdict[str, _Found] = defaultdict(_Found)
    for row in connection.execute(_DECIDED):
        cases[row.case_id].decided.append(row)
    for row in connection.execute(_TO_REVERSE):
        cases[row.case_id].to_reverse.append(row.reversal_id)
    for row in connection.execute(_KEPT):
        cases[row.case_id].kept.append(row)
    return [
        CaseToJudge(case_id, _seen(found, key_id, now))
        for case_id, found in sorted(cases.items())
        if not _is_plain(found, key_id, now)
    ]


def is_fresh(kept: PlainRow, now: datetime) -> bool:
    """Whether a grant need not be replaced for its age."""
    return kept.expires_at > now + RENEWED_BEFORE


def _is_plain(found: _Found, key_id: str, now: datetime) -> bool:
    """Whether each effect that was approved has its grant, and nothing else has one.

    What is done, or whose facts have changed, takes a look at the log: then the answer is no.
    """
    if any(row.changed_seq is not None or row.status == "done" for row in found.decided):
        return False
    if any(row.key_id != key_id or not is_fresh(row, now) for row in found.kept):
        return False
    begun = {row.begun: row.key for row in found.decided if row.begun is not None}
    wanted = [*found.to_reverse]
    for row in found.decided[:1]:
        actions = action_spec(row.action).effects
        wanted += [row.review_id] * len(actions)
        if not {begun[action] for action in actions if action in begun} <= {each.key for each in found.kept}:
            return False
    return sorted(wanted) == sorted(row.approval for row in found.kept)


def _seen(found: _Found, key_id: str, now: datetime) -> str:
    return repr(
        (
            key_id,
            _told(found.decided, ("review_id", "key", "status", "changed_seq")),
            sorted(found.to_reverse),
            _told(found.kept, ("key", "granted", "key_id")),
            [is_fresh(row, now) for row in found.kept],
        )
    )


def _told(rows: Iterable[PlainRow], names: Sequence[str]) -> list[tuple[object, ...]]:
    return [tuple(getattr(row, name) for name in names) for row in rows]
