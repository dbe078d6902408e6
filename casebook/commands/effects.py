"""Records effects: before they are carried out, and their results. Each command runs inside one transaction."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from casebook.case_log.append import append, is_logged
from casebook.case_log.guard_facts import changes_noted, guard_facts_of
from casebook.case_log.locked_case import LockedCase, lock_case, refuse_closed, refuse_move
from casebook.errors import FactsNotJustified, NotApproved, NotAsApproved
from casebook.policy.actors import WORKER
from casebook.policy.guards import IN_DOUBT
from casebook.policy.order_keys import LastOrder, order_key
from casebook.projection.effects import EffectFinished, EffectStarted, FactsChanged
from casebook.queries.agent_runs import saved_assessment
from casebook.schema.approvals import ReversalRow
from casebook.schema.base import table_of
from casebook.schema.case_log import CaseEventRow
from casebook.schema.cases import CaseRow
from casebook.schema.effects import EffectRow
from casebook.schema.reviews import DecisionRow
from contracts.actions import REFUNDS, EffectAction
from contracts.assessment import RiskAssessment
from contracts.effect import Effect, EffectTerms
from contracts.ids import parse_review_id, review_id
from contracts.kinds import action_spec
from contracts.refunds import approved_refund
from contracts.review import Decision

_EFFECTS, _DECISIONS, _CASES = table_of(EffectRow), table_of(DecisionRow), table_of(CaseRow)
_STATUS = select(_EFFECTS.c.status).where(_EFFECTS.c.key == bindparam("of_effect"))
_DECISION = select(_DECISIONS.c.body).where(
    _DECISIONS.c.review_id == bindparam("review_id"), _DECISIONS.c.case_id == bindparam("of_case")
)
_FINAL = _DECISION.where(_DECISIONS.c.on_hold_until.is_(None))
_CAME = select(_EFFECTS.c.body).where(_EFFECTS.c.case_id == bindparam("of_case")).order_by(_EFFECTS.c.started_seq)
_ORDERS = (
    select(_EFFECTS.c.action, _EFFECTS.c.key, _EFFECTS.c.status)
    .where(_EFFECTS.c.case_id == bindparam("of_case"))
    .order_by(_EFFECTS.c.started_seq)
)
_EVENTS, _REVERSALS = table_of(CaseEventRow), table_of(ReversalRow)
_FINISHED = select(_EVENTS.c.data).where(
    _EVENTS.c.case_id == bindparam("of_case"), _EVENTS.c.dedupe_key == bindparam("step")
)
_REVERSED = select(_REVERSALS.c.reversal_id).where(
    _REVERSALS.c.undoes == bindparam("of_effect"), _REVERSALS.c.status == "done"
)
_CUSTOMER = select(_CASES.c.customer_id).where(_CASES.c.case_id == bindparam("of_case"))


@dataclass(frozen=True)
class ApprovedAction:
    """What a person approved, as it is on record: nothing else may be carried out."""

    customer_id: int
    assessment: RiskAssessment
    decision: Decision
    keys: Mapping[str, str]
    """Under which each of its effects is done, by the effect's action."""


def decision_on(connection: Connection, case_id: str, wanted: str) -> Decision | None:
    """The accepted decision on the review `wanted` of this case, or None."""
    body = connection.execute(_DECISION, {"review_id": wanted, "of_case": case_id}).scalar()
    return None if body is None else Decision.model_validate_json(body)


def final_decision_on(connection: Connection, case_id: str, wanted: str) -> Decision | None:
    """The same once it can no longer be taken back; None before, as if nobody had decided."""
    body = connection.execute(_FINAL, {"review_id": wanted, "of_case": case_id}).scalar()
    return None if body is None else Decision.model_validate_json(body)


def approved_action(connection: Connection, case_id: str, wanted: str) -> ApprovedAction:
    """What the final decision on the review `wanted` approves. Raises NotApproved without one."""
    decision = final_decision_on(connection, case_id, wanted)
    customer_id = connection.execute(_CUSTOMER, {"of_case": case_id}).scalar()
    assessment = None if decision is None else saved_assessment(connection, case_id, parse_review_id(wanted)[1])
    if customer_id is None or decision is None or decision.action is None or assessment is None:
        raise NotApproved(case_id, "anything")
    keys = _keys_of(connection, case_id, customer_id, decision.review_id, action_spec(decision.action).effects)
    return ApprovedAction(customer_id, assessment, decision, keys)


def _keys_of(
    connection: Connection, case_id: str, customer_id: int, decided: str, actions: Sequence[EffectAction]
) -> dict[str, str]:
    orders = connection.execute(_ORDERS, {"of_case": case_id}).all() if actions else ()
    keys: dict[str, str] = {}
    for action in actions:
        own = [order for order in orders if order.action == action]
        last = None
        if own:
            key, is_done = own[-1].key, own[-1].status == "done"
            last = LastOrder(len(own), key, is_done)
            if is_done:
                undone = connection.execute(_REVERSED, {"of_effect": key}).first() is not None
                last = last._replace(done_for=_done_for(connection, case_id, key), is_reversed=undone)
        keys[action] = order_key(case_id, action, customer_id, decided, last)
    return keys


def _done_for(connection: Connection, case_id: str, key: str) -> str | None:
    """The review for whose approval an effect was done."""
    step = EffectFinished.named(key, "done")
    said = connection.execute(_FINISHED, {"of_case": case_id, "step": step}).scalar()
    return None if said is None else json.loads(said)["approved"]["review_id"]


def effects_of(connection: Connection, case_id: str) -> tuple[Effect, ...]:
    """What has begun or is done, by whichever round's approval, the oldest first."""
    bodies = connection.execute(_CAME, {"of_case": case_id}).scalars()
    return tuple(Effect.model_validate_json(body) for body in bodies)


def start_effect(
    connection: Connection, case_id: str, effect: Effect, terms: EffectTerms | None, now: datetime
) -> None:
    """Note that an approved effect is about to happen, or to be tried again; `terms` is what is about to be sent."""
    case = lock_case(connection, case_id)
    status = _status_of(connection, effect)
    if status == "done":
        return
    refuse_closed(case)
    approved = _refuse_unapproved(connection, case, effect, has_begun=status in IN_DOUBT)
    if terms is not None and terms != approved:
        raise NotAsApproved(case_id, effect.action, _difference(terms, approved))
    if status is not None:
        return
    refuse_move(case, "acting")
    append(connection, case, EffectStarted(approved=approved, **dict(effect)), WORKER, now)


def finish_effect(connection: Connection, case_id: str, effect: Effect, now: datetime) -> None:
    """Record the result of an effect. `done` is final."""
    case = lock_case(connection, case_id)
    status = _status_of(connection, effect)
    if status == "done" or is_logged(connection, case_id, EffectFinished.named(effect.key, effect.status)):
        return
    refuse_closed(case)
    approved = _refuse_unapproved(connection, case, effect, has_begun=status is not None)
    refuse_move(case, "acting")
    append(connection, case, EffectFinished(approved=approved, **dict(effect)), WORKER, now)


def note_changed_facts(
    connection: Connection, case_id: str, round_number: int, changes: Sequence[str], now: datetime
) -> tuple[str, ...]:
    """Note that what the approval of a round relied on has changed: from here on that approval allows nothing.

    Without `changes` nothing has changed, and the step is refused. Returns what is on record: the first call counts.
    """
    case = lock_case(connection, case_id)
    noted = changes_noted(connection, case_id, round_number)
    if noted:
        return noted
    refuse_closed(case)
    found = guard_facts_of(connection, case)
    if FactsChanged.why_not(found, round_number) is not None or not changes:
        raise FactsNotJustified(case_id, round_number)
    append(connection, case, FactsChanged(round=round_number, changes=tuple(changes)), WORKER, now)
    return tuple(changes)


def _status_of(connection: Connection, effect: Effect) -> str | None:
    """How far an effect is; None: nobody has begun with it."""
    return connection.execute(_STATUS, {"of_effect": effect.key}).scalar()


def _refuse_unapproved(connection: Connection, case: LockedCase, effect: Effect, *, has_begun: bool) -> EffectTerms:
    """What was approved of the effect. Raises NotApproved, and NotAsApproved for another customer."""
    if EffectStarted.why_not(guard_facts_of(connection, case), effect.action, has_begun=has_begun) is not None:
        raise NotApproved(case.case_id, effect.action)
    approved = approved_action(connection, case.case_id, review_id(case.case_id, case.round))
    if effect.key != approved.keys.get(effect.action):
        raise NotAsApproved(case.case_id, effect.action, "customer")
    return terms_of(approved, effect.action)


def terms_of(approved: ApprovedAction, action: str) -> EffectTerms:
    """What was approved of one effect of an action."""
    refunds = action in REFUNDS
    charge_ids, total = approved_refund(approved.assessment, approved.decision.refunds)
    return EffectTerms(
        review_id=approved.decision.review_id,
        customer_id=approved.customer_id,
        refund_charge_ids=charge_ids if refunds else (),
        refund_total=total if refunds else None,
        refunds=approved.decision.refunds if refunds else None,
    )


def _difference(terms: EffectTerms, approved: EffectTerms) -> str:
    if terms.customer_id != approved.customer_id:
        return "customer"
    if (terms.refund_charge_ids, terms.refunds) != (approved.refund_charge_ids, approved.refunds):
        return "choice of charges"
    return "total" if terms.refund_total != approved.refund_total else "question"
