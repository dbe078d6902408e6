"""Grants what people have approved: the backend signs it, the casebook keeps it. Inside one transaction.

Only what is final is granted: a decision that can still be taken back has no grant that a thief could use later.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

from sqlalchemy import Connection, bindparam, delete, select

from casebook.case_log.guard_facts import guard_facts_of
from casebook.case_log.locked_case import LockedCase, lock_case
from casebook.commands.effects import ApprovedAction, approved_action, effects_of, terms_of
from casebook.database.upserts import upsert
from casebook.projection.effects import EffectStarted
from casebook.queries.grants import is_fresh
from casebook.queries.reversals import reversals_of
from casebook.schema.base import PlainRow, table_of
from casebook.schema.grants import GrantRow
from contracts.actions import EffectAction
from contracts.effect import order_reason
from contracts.grants import GRANT_LIFE_S, Grant
from contracts.hashing import content_hash
from contracts.ids import reversal_key, review_id
from contracts.kinds import action_spec, kind_of
from contracts.kinds.fraud import FRAUD
from contracts.refunds import chosen_amounts
from contracts.reversal import Reversal, reversal_reason
from contracts.write_calls import WriteCall, effect_call, reversal_call

LIFE = timedelta(seconds=GRANT_LIFE_S)
"""How long a grant is valid."""

_GRANTS = table_of(GrantRow)
_KEPT = select(_GRANTS).where(_GRANTS.c.case_id == bindparam("of_case"))
_FORGET = delete(_GRANTS).where(_GRANTS.c.key == bindparam("of_effect"))


class GrantSigner(Protocol):
    """Signs with a key that only the backend has."""

    @property
    def key_id(self) -> str:
        """Names the key: what another one has signed is signed again."""
        ...

    def sign(self, grant: Grant) -> str | None:
        """The grant as a text that the tool server can verify; None: it would not take it."""
        ...


def sign_grants(connection: Connection, case_id: str, signer: GrantSigner, now: datetime) -> int:
    """Sign a grant for each effect of a case that people approved and that has not ended; how many were signed.

    What cannot be signed waits.

    One that stays valid for some hours is not signed again, and those that nobody approves any more are deleted.
    """
    if kind_of(case_id) is not FRAUD:
        return 0
    case = lock_case(connection, case_id)
    kept = {row.key: row for row in connection.execute(_KEPT, {"of_case": case_id})}
    wanted = {grant.key: grant for grant in (*_effects(connection, case, now), *_reversals(connection, case, now))}
    for key in kept.keys() - wanted.keys():
        connection.execute(_FORGET, {"of_effect": key})
    lacking = [grant for grant in wanted.values() if not _is_kept(kept.get(grant.key), grant, signer, now)]
    texts = [(grant, text) for grant in lacking if (text := signer.sign(grant)) is not None]
    for grant, signed in texts:
        values = {
            "case_id": case_id,
            "granted": _granted(grant, signed),
            "approval": grant.approval,
            "key_id": signer.key_id,
            "expires_at": grant.expires_at,
            "text": signed,
        }
        inserted = upsert(connection, _GRANTS).values(key=grant.key, **values)
        connection.execute(inserted.on_conflict_do_update(index_elements=["key"], set_=values))
    return len(texts)


def _is_kept(kept: PlainRow | None, grant: Grant, signer: GrantSigner, now: datetime) -> bool:
    """Whether what is kept says the same, by the same key, for long enough, and is as it was signed."""
    if kept is None or kept.key_id != signer.key_id or not is_fresh(kept, now):
        return False
    return kept.granted == _granted(grant, kept.text)


def _granted(grant: Grant, signed: str) -> str:
    said = grant.model_dump(mode="json", include={"approval", "assessment_hash", "call"})
    return content_hash({**said, "text": sha256(signed.encode()).hexdigest()})


def _effects(connection: Connection, case: LockedCase, now: datetime) -> Iterator[Grant]:
    """What the final decision on the current round allows and is not done."""
    if case.state == "closed" or not case.round:
        return
    found = guard_facts_of(connection, case)
    if not found.approved or found.is_held:
        return
    approved = approved_action(connection, case.case_id, review_id(case.case_id, case.round))
    decision = approved.decision
    known = {effect.key: effect.status for effect in effects_of(connection, case.case_id)}
    assert decision.action is not None, "an approved action has a name"
    for action in action_spec(decision.action).effects:
        status = known.get(approved.keys[action])
        if EffectStarted.why_not(found, action, has_begun=status is not None) is None and status != "done":
            call = _call_of(approved, case.case_id, action)
            yield _grant(decision.review_id, decision.assessment_hash, call, now)


def _call_of(approved: ApprovedAction, case_id: str, action: EffectAction) -> WriteCall:
    terms, decision = terms_of(approved, action), approved.decision
    charges = terms.refund_charge_ids
    return effect_call(
        action,
        customer_id=terms.customer_id,
        key=approved.keys[action],
        reason=order_reason(case_id, decision.decided_by, decision.reason_code),
        charge_ids=charges,
        expected_total=terms.refund_total if charges else None,
        amounts=chosen_amounts(terms.refunds) if charges else None,
    )


def _grant(approval: str, assessment_hash: str | None, call: WriteCall, now: datetime) -> Grant:
    return Grant(approval=approval, assessment_hash=assessment_hash, call=call, issued_at=now, expires_at=now + LIFE)


def _reversals(connection: Connection, case: LockedCase, now: datetime) -> Iterator[Grant]:
    """What approved reversals allow and is not done."""
    for reversal in reversals_of(connection, case.case_id):
        if reversal.status == "approved" and case.customer_id is not None:
            yield _grant(reversal.reversal_id, None, _reversal_call(reversal, case.customer_id), now)


def _reversal_call(reversal: Reversal, customer_id: int) -> WriteCall:
    return reversal_call(
        reversal.action,
        customer_id=customer_id,
        undoes=reversal.undoes,
        key=reversal_key(reversal.case_id, reversal.action, reversal.undoes, reversal.reversal_id),
        reason=reversal_reason(reversal),
    )
