"""Taking an effect back: asked for by one person, approved by another, carried out once. Closed cases included.

Each runs inside one transaction. A reversal never moves the case: what was decided and done stays so, and is shown
with what was taken back of it.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import cast, get_args

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casebook.case_log.append import Entry, append, is_logged, next_seq
from casebook.case_log.hash_chain import SYSTEM
from casebook.commands.investigation import WORKER, locked_case
from casebook.errors import (
    EffectNotFound,
    NotAllowed,
    NotAsRequested,
    NothingToReverse,
    NotReversible,
    ReversalDecided,
    ReversalNotFound,
    ReversalStands,
    SameRequester,
    TooManyReversals,
)
from casebook.queries.cursors import page_length
from casebook.schema.approvals import ReversalRow
from casebook.schema.cases import CaseRow, EffectRow
from contracts.assessment import EffectAction
from contracts.effect import Effect, ReversalAction
from contracts.ids import reversal_id
from contracts.names import CaseEventType
from contracts.reversal import Reversal, ReversalStatus
from contracts.review import Role, Verdict, may_act_as

UNDOING: Mapping[EffectAction, ReversalAction] = {
    "lock_account": "unlock_account",
    "refund_charges": "reverse_refund",
}
"""What takes each effect back."""

REQUESTS: Role = "analyst"
DECIDES: Role = "manager"
MOST = 100
"""So many requests one case takes: each stands on its page, and in its log several times."""

_APPROVED = ("approved", "done", "failed")
"""An approval stays on record with what came of it."""
_STANDING = ("requested", "approved", "done")


def request_reversal(
    session: Session, case_id: str, undoes: str, reason: str, subject: str, roles: Collection[Role], now: datetime
) -> Reversal:
    """Ask for an effect to be taken back. Raises TooManyReversals."""
    _require(roles, REQUESTS)
    case = locked_case(session, case_id)
    effect = session.get(EffectRow, undoes)
    if effect is None or effect.case_id != case_id:
        raise EffectNotFound(case_id, undoes)
    if effect.status != "done":
        raise NothingToReverse(effect.action, effect.status)
    _refuse_standing(session, undoes)
    counted = session.execute(select(func.count()).where(ReversalRow.case_id == case_id)).scalar_one()
    if counted >= MOST:
        raise TooManyReversals(MOST)
    action = UNDOING[cast("EffectAction", effect.action)]
    reversal = Reversal(
        reversal_id=reversal_id(case_id, action, counted + 1),
        case_id=case_id,
        action=action,
        undoes=undoes,
        status="requested",
        reason=reason,
        requested_by=subject,
        requested_at=now,
    )
    seq = next_seq(session)
    session.add(
        ReversalRow(
            reversal_id=reversal.reversal_id,
            case_id=case_id,
            action=action,
            undoes=undoes,
            status=reversal.status,
            requested_seq=seq,
            body=reversal.model_dump_json(),
        )
    )
    _log(session, case, "reversal_requested", reversal, subject, now, seq=seq)
    return reversal


def decide_reversal(
    session: Session,
    case_id: str,
    number: int,
    verdict: Verdict,
    comment: str | None,
    subject: str,
    roles: Collection[Role],
    now: datetime,
) -> Reversal:
    """Approve or refuse a request. Who asked may take it back, and nothing else."""
    case = locked_case(session, case_id)
    row = _numbered(session, case_id, number)
    asked = Reversal.model_validate_json(row.body)
    if asked.status != "requested":
        raise ReversalDecided(asked.decided_by or WORKER, asked.status)
    if not (verdict == "reject" and subject == asked.requested_by):
        _require(roles, DECIDES)
        if subject == asked.requested_by:
            raise SameRequester
    decided = asked.model_copy(
        update={
            "status": "approved" if verdict == "approve" else "refused",
            "decided_by": subject,
            "decided_at": now,
            "comment": comment,
        }
    )
    _keep(row, decided)
    _log(session, case, "reversal_decided", decided, subject, now)
    return decided


def approved_reversal(session: Session, case_id: str, wanted: str, undoes: str) -> Reversal:
    """The reversal as it is on record. Raises NotReversible for one that is not there, or that nobody approved."""
    row = session.get(ReversalRow, wanted)
    reversal = None if row is None or row.case_id != case_id else Reversal.model_validate_json(row.body)
    if reversal is None or reversal.status not in _APPROVED:
        raise NotReversible(wanted, "anything" if reversal is None else reversal.action)
    if reversal.undoes != undoes:
        raise NotAsRequested(wanted)
    return reversal


def start_reversal(session: Session, case_id: str, wanted: str, effect: Effect, now: datetime) -> None:
    """Note that an approved reversal is about to happen."""
    case, row, reversal = _approved(session, case_id, wanted, effect)
    if is_logged(session, case_id, _key("reversal_started", reversal)):
        return
    if reversal.status != "approved":
        raise NotReversible(wanted, effect.action)
    started = reversal.model_copy(update={"effect": effect})
    _keep(row, started)
    _log(session, case, "reversal_started", started, WORKER, now)


def finish_reversal(session: Session, case_id: str, wanted: str, effect: Effect, now: datetime) -> None:
    """Note what came of a reversal. Done or failed is the end of it; in doubt, it stays approved.

    That it was done is noted even after it was given up, as long as nobody has asked for it anew.
    """
    case, row, reversal = _approved(session, case_id, wanted, effect)
    status: ReversalStatus = effect.status if effect.status in ("done", "failed") else "approved"
    finished = reversal.model_copy(update={"status": status, "effect": effect})
    late = (reversal.status, status) == ("failed", "done") and _standing(session, reversal.undoes) is None
    if not (late or reversal.status == "approved") or is_logged(session, case_id, _key("reversal_finished", finished)):
        return
    _keep(row, finished)
    _log(session, case, "reversal_finished", finished, WORKER, now)


def fail_reversal(session: Session, case_id: str, wanted: str, reason: str, now: datetime) -> Reversal | None:
    """End an approved reversal with which nobody goes on, so that it can be asked for anew. None when it has ended.

    Where it had begun, its effect is `unknown`; where it had not, nothing was sent and nothing will be.
    """
    case = locked_case(session, case_id)
    row = session.get(ReversalRow, wanted)
    if row is None or row.case_id != case_id:
        raise ReversalNotFound(wanted)
    reversal = Reversal.model_validate_json(row.body)
    if reversal.status != "approved":
        return None
    begun = is_logged(session, case_id, _key("reversal_started", reversal))
    effect = Effect(
        key=_effect_key(reversal),
        action=reversal.action,
        status="unknown" if begun else "failed",
        result={"error": reason},
    )
    failed = reversal.model_copy(update={"status": "failed", "effect": effect})
    _keep(row, failed)
    _log(session, case, "reversal_finished", failed, SYSTEM, now)
    return failed


def unscheduled_reversals(session: Session, limit: int, after: str | None) -> list[Reversal]:
    """Approved reversals whose orchestration has not been confirmed scheduled, oldest first."""
    waiting = (
        select(ReversalRow.body)
        .where(ReversalRow.status == "approved", ReversalRow.scheduled_at.is_(None))
        .order_by(ReversalRow.requested_seq)
        .limit(page_length(limit))
    )
    if after is not None:
        seen = select(ReversalRow.requested_seq).where(ReversalRow.reversal_id == after).scalar_subquery()
        waiting = waiting.where(ReversalRow.requested_seq > seen)
    return [Reversal.model_validate_json(body) for body in session.scalars(waiting)]


def unfinished_reversals(session: Session) -> list[Reversal]:
    """Approved reversals of which it is not known what came, oldest first."""
    rows = session.scalars(
        select(ReversalRow.body).where(ReversalRow.status == "approved").order_by(ReversalRow.requested_seq)
    )
    return [Reversal.model_validate_json(body) for body in rows]


def mark_reversal_scheduled(session: Session, wanted: str, now: datetime) -> None:
    """Remember that the orchestration of a reversal exists."""
    row = session.get(ReversalRow, wanted, with_for_update=True)
    if row is None:
        raise ReversalNotFound(wanted)
    if row.scheduled_at is None:
        row.scheduled_at = now


def reversals_of(session: Session, case_id: str) -> tuple[Reversal, ...]:
    """The requests of a case, oldest first."""
    rows = session.scalars(
        select(ReversalRow.body).where(ReversalRow.case_id == case_id).order_by(ReversalRow.requested_seq)
    )
    return tuple(Reversal.model_validate_json(body) for body in rows)


def other_locks(session: Session, case_id: str, customer_id: int) -> tuple[str, ...]:
    """Other cases that locked this customer's account, or are about to, and did not take that back; oldest first."""
    taken_back = select(ReversalRow.undoes).where(
        ReversalRow.case_id == EffectRow.case_id, ReversalRow.undoes == EffectRow.key, ReversalRow.status == "done"
    )
    locks = (
        select(EffectRow.started_seq, EffectRow.case_id)
        .join(CaseRow, CaseRow.case_id == EffectRow.case_id)
        .where(
            CaseRow.customer_id == customer_id,
            CaseRow.case_id != case_id,
            EffectRow.action == "lock_account",
            EffectRow.status != "failed",
            ~taken_back.exists(),
        )
    )
    return tuple(other for _, other in sorted((seq, other) for seq, other in session.execute(locks)))


def _require(roles: Collection[Role], required: Role) -> None:
    if not may_act_as(roles, required):
        raise NotAllowed(required)


def _refuse_standing(session: Session, undoes: str) -> None:
    standing = _standing(session, undoes)
    if standing is not None:
        raise ReversalStands(standing.requested_by, standing.status)


def _standing(session: Session, undoes: str) -> Reversal | None:
    body = session.scalars(
        select(ReversalRow.body).where(ReversalRow.undoes == undoes, ReversalRow.status.in_(_STANDING))
    ).one_or_none()
    return None if body is None else Reversal.model_validate_json(body)


def _numbered(session: Session, case_id: str, number: int) -> ReversalRow:
    for action in get_args(ReversalAction):
        row = session.get(ReversalRow, reversal_id(case_id, action, number))
        if row is not None:
            return row
    raise ReversalNotFound(f"{case_id}:{number}")


def _approved(session: Session, case_id: str, wanted: str, effect: Effect) -> tuple[CaseRow, ReversalRow, Reversal]:
    case = locked_case(session, case_id)
    row = session.get(ReversalRow, wanted)
    if row is None or row.case_id != case_id:
        raise ReversalNotFound(wanted)
    reversal = Reversal.model_validate_json(row.body)
    if reversal.status not in _APPROVED or effect.action != reversal.action:
        raise NotReversible(wanted, effect.action)
    if effect.key != _effect_key(reversal):
        raise NotAsRequested(wanted)
    return case, row, reversal


def _effect_key(reversal: Reversal) -> str:
    number, target = reversal.reversal_id.rsplit(":", 1)[-1], reversal.undoes.rsplit(":", 1)[-1]
    return f"{reversal.case_id}:{reversal.action}:{target}:{number}"


def _keep(row: ReversalRow, reversal: Reversal) -> None:
    row.status = reversal.status
    row.body = reversal.model_dump_json()


def _log(
    session: Session,
    case: CaseRow,
    what: CaseEventType,
    reversal: Reversal,
    actor: str,
    now: datetime,
    *,
    seq: int | None = None,
) -> None:
    entry = Entry(what, _key(what, reversal), actor, reversal.model_dump(mode="json"))
    append(session, case, entry, now, seq)


def _key(what: CaseEventType, reversal: Reversal) -> str:
    if what == "reversal_finished":
        assert reversal.effect is not None, "a reversal finishes with an effect"
        given_up = ":given_up" if (reversal.status, reversal.effect.status) == ("failed", "unknown") else ""
        return f"{what}:{reversal.reversal_id}:{reversal.effect.status}{given_up}"
    return f"{what}:{reversal.reversal_id}"
