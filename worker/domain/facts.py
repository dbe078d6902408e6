"""The facts that an approval relies on, and the sentences for changed ones. Pure.

The store's answer is data: it is read field by field, and an unexpected value counts as changed or unknown.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import cast

from pydantic import JsonValue

from contracts.actions import ACTIONS, EFFECTS, REFUNDS, EffectAction, RecommendedAction, action_of, recommended
from contracts.assessment import RiskAssessment
from contracts.charges import CHARGES_TOOL, REFUNDABLE, KnownCharge, charges_in, known_charges
from contracts.effect import Effect
from contracts.ids import target_of
from contracts.investigation import ActionOrder, FactCheck, FactReport, InvestigationPolicy
from contracts.money import Money, in_major_units
from contracts.refunds import ChosenRefund, approved_refund, total_of
from contracts.report import Evidence, answered_calls
from contracts.review import Decision
from contracts.words import cut
from worker.domain.orders import EarlierRefund, refunds_in
from worker.domain.routing import PRECAUTION, is_risky, without_refund

CUSTOMER_TOOL = "get_customer"

NOT_CHECKED = (
    "The customer store could not be asked whether what was approved still holds: nothing was done, so decide again."
)
MAX_QUOTE = 200
"""Characters of another system's own words that a sentence repeats."""
MAX_REFUSAL = 1_000
"""Characters of the store's own sentence about what it refused."""


def facts_behind(
    case_id: str,
    customer_id: int,
    action: RecommendedAction,
    assessment: RiskAssessment,
    chosen: tuple[ChosenRefund, ...] | None = None,
) -> FactCheck | None:
    """What to check before `action` happens; None when it touches nothing. `chosen`: the refunds that were approved."""
    if not ACTIONS[action].effects:
        return None
    refunds = ACTIONS[action].refunds
    return FactCheck(
        case_id=case_id,
        customer_id=customer_id,
        action=action,
        refund_charge_ids=approved_refund(assessment, chosen)[0] if refunds else (),
        evidence_ids=answered_calls(assessment.reports, (CHARGES_TOOL, CUSTOMER_TOOL)),
        known_changes=assessment.route_reasons,
        refunds=chosen if refunds else None,
    )


def still_to_do(action: RecommendedAction, done: Collection[EffectAction]) -> RecommendedAction:
    """What of `action` has not been done yet; `clear` when nothing is left."""
    # Charges are compared one by one: the fact check says which of them are still to refund.
    return action_of([effect for effect in ACTIONS[action].effects if effect not in done or effect in REFUNDS])


def done_of(effects: Iterable[Effect]) -> set[EffectAction]:
    """What is done in the customer's account."""
    return {cast("EffectAction", effect.action) for effect in effects if effect.status == "done"}


def refused_because(check: FactCheck, order: ActionOrder, effect: Effect, report: FactReport | None) -> tuple[str, ...]:
    """Which facts made the store refuse `effect`; empty when none of them changed, so that asking again is of no use.

    `report` is None when the store could not be asked afterwards: then its own words say why.
    """
    said = cut(str((effect.result or {}).get("error", "The customer store refused it.")), MAX_REFUSAL)
    if report is None:
        return (said,)
    if report.changes:
        return report.changes
    same = (report.refund_charge_ids, report.refund_total) == (check.refund_charge_ids, order.refund_total)
    return () if same else (said,)


def order_for(case_id: str, customer_id: int, assessment: RiskAssessment, decision: Decision) -> ActionOrder:
    """What `decision` approved, with the facts that it relies on."""
    assert decision.action is not None, "an approval without an action is never bound to a review"
    charge_ids, total = approved_refund(assessment, decision.refunds)
    return ActionOrder(
        case_id=case_id,
        customer_id=customer_id,
        decision=decision,
        refund_charge_ids=charge_ids,
        refund_total=total,
        facts=facts_behind(case_id, customer_id, recommended(decision.action), assessment, decision.refunds),
    )


def refund_total(charge_ids: Sequence[str], charges: Mapping[str, KnownCharge]) -> tuple[Money, ...] | None:
    """What the charges add up to, by currency in alphabetical order; None when the amount of one is not known."""
    if any(charge_id not in charges for charge_id in charge_ids):
        return None
    return total_of(charges[charge_id].money for charge_id in charge_ids)


def are_untouched(charge_ids: Iterable[str], charges: JsonValue) -> bool:
    """Whether nothing of these charges was given back, by an answer of the charges tool."""
    now = charges_in(charges)
    known = (now.get(charge_id) for charge_id in charge_ids)
    return all(charge is None or (charge.status == REFUNDABLE and charge.money == charge.whole) for charge in known)


def is_refund_of(order: ActionOrder, effect: Effect) -> bool:
    """Whether what the store refunded is what the order says; also when it does not say what that was."""
    refunded = (effect.result or {}).get("refunded")
    if not isinstance(refunded, list):
        return True
    given = {str(item.get("charge_id")): item.get("amount_minor") for item in refunded if isinstance(item, dict)}
    chosen = order.decision.refunds
    if chosen is None:
        return set(given) == set(order.refund_charge_ids)
    return given == {each.charge_id: each.amount.amount_minor for each in chosen}


def compare(
    check: FactCheck,
    evidence: Sequence[Evidence],
    customer: JsonValue,
    charges: JsonValue,
    orders: JsonValue = None,
) -> FactReport:
    """What has changed since the approval, by what the store says now; `charges` is read for refunds only.

    `orders`: what the store says of who gave something back, or None.
    """
    changes: list[str] = []
    if "account" in ACTIONS[check.action].facts:
        changes += _account_changes(customer)
    now, before, refunds = charges_in(charges), known_charges(evidence), refunds_in(orders)
    wanted = {} if check.refunds is None else {each.charge_id: each.amount for each in check.refunds}
    for charge_id in check.refund_charge_ids:
        if not _is_left(now.get(charge_id), wanted.get(charge_id)):
            changes += _charge_changes(charge_id, before.get(charge_id), now.get(charge_id), refunds.get(charge_id, ()))
    refundable = tuple(
        charge_id for charge_id in check.refund_charge_ids if charge_id in now and now[charge_id].status == REFUNDABLE
    )
    return FactReport(
        changes=tuple(change for change in dict.fromkeys(changes) if change not in check.known_changes),
        refund_charge_ids=refundable,
        refund_total=total_of(wanted[charge_id] for charge_id in refundable)
        if wanted
        else refund_total(refundable, now),
    )


def asked_again(
    assessment: RiskAssessment,
    policy: InvestigationPolicy,
    check: FactCheck,
    changes: Sequence[str],
    report: FactReport | None,
    done: Collection[EffectAction] = (),
) -> RiskAssessment:
    """The question of the next round: the same judgement, with what has changed and without what cannot be done.

    `report` is None when the store could not be asked; then nothing but the reasons changes. What is `done` is
    asked about no more.
    """
    stands: list[EffectAction] = [effect for effect in EFFECTS if effect in done and effect not in REFUNDS]
    rest = still_to_do(check.action, done)
    remaining = (_only_the_rest_is_asked(stands, rest),) if stands else ()
    reasons = tuple(dict.fromkeys((*assessment.route_reasons, *changes, *remaining)))
    again = assessment.model_copy(
        update={"round": assessment.round + 1, "route": "review", "route_reasons": reasons, "quality_check": False}
    )
    if stands:
        again = again.model_copy(update={"recommended_action": rest})
    if report is None or not ACTIONS[check.action].refunds:
        return again
    return _with_refund(again, policy, report, stands)


def _only_the_rest_is_asked(stands: Sequence[EffectAction], rest: RecommendedAction) -> str:
    did = " ".join(f"{EFFECTS[effect].done} as approved" for effect in stands)
    nouns = " and the ".join(EFFECTS[effect].noun for effect in ACTIONS[rest].effects)
    return f"{did}: only the {nouns} is asked about."


def _with_refund(
    assessment: RiskAssessment, policy: InvestigationPolicy, report: FactReport, stands: Sequence[EffectAction]
) -> RiskAssessment:
    action = assessment.recommended_action
    if action is not None and ACTIONS[action].refunds and not report.refund_charge_ids:
        # Approving an effect that is already done changes nothing.
        action = action_of({*ACTIONS[without_refund(action)].effects, *stands})
        risky = is_risky(assessment.reports, assessment.overall_risk_score, policy.auto_clear_threshold)
        action = PRECAUTION if action == "clear" and risky else action
    return assessment.model_copy(
        update={
            "refund_charge_ids": report.refund_charge_ids,
            "refund_total": report.refund_total,
            "recommended_action": action,
        }
    )


def _account_changes(customer: JsonValue) -> list[str]:
    """An account that somebody else has locked is what an approved lock wants: the store then answers that it is so."""
    if not isinstance(customer, dict) or customer.get("status") not in ("active", "locked"):
        return ["The customer store does not say whether the account is active."]
    return []


def _is_left(now: KnownCharge | None, wanted: Money | None) -> bool:
    """Whether the chosen amount of a charge can be given back. Of a charge without one, all that was seen must be."""
    if now is None or wanted is None or now.status != REFUNDABLE:
        return False
    return now.money.currency == wanted.currency and wanted.amount_minor <= now.money.amount_minor


def _charge_changes(
    charge_id: str, before: KnownCharge | None, now: KnownCharge | None, refunds: Sequence[EarlierRefund]
) -> list[str]:
    if now is None:
        return [f"Charge {charge_id} is no longer among the account's recent charges: it cannot be refunded."]
    who = " and at ".join(refund.order.spoken for refund in refunds)
    if now.status != REFUNDABLE and who:
        return [f"Charge {charge_id} cannot be refunded: it was refunded at {who}."]
    if now.status != REFUNDABLE:
        return [f"Charge {charge_id} cannot be refunded: its status is {now.status[:MAX_QUOTE]}."]
    if before is None:
        return [f"The amount of charge {charge_id} was not known when it was approved: it is {spoken(now.money)}."]
    if before.money != now.money and before.whole == now.whole:
        given = now.whole.model_copy(update={"amount_minor": now.whole.amount_minor - now.money.amount_minor})
        said = f"{spoken(given)} were refunded{f' at {who}' if who else ''}"
        return [f"Of the {spoken(now.whole)} of charge {charge_id}, {said}: {spoken(now.money)} are left."]
    if before.money != now.money:
        return [f"Charge {charge_id} is now {spoken(now.money)}: {spoken(before.money)} were approved."]
    return []


def spoken(money: Money) -> str:
    """An amount as people write it: `12.99 EUR`."""
    return f"{in_major_units(money.amount_minor, money.currency)} {money.currency}"


def customer_of(effect: str) -> int:
    """The customer whom an effect touched, by its key. Raises ValueError when the key names none."""
    target = target_of(effect)
    customer_id = int(target)
    if str(customer_id) != target:
        raise ValueError(f"'{effect}' is not the key of an effect.")
    return customer_id
