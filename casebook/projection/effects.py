"""Events of effects: an approved action is carried out, or its facts have changed before."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from casebook.policy.guards import GuardFacts
from casebook.policy.log_facts import Data, LogFacts
from casebook.policy.order_keys import order_key
from casebook.projection.case_head import CaseHead
from casebook.projection.changes import Change, ProjectedTable, Put
from casebook.projection.event_data import EventData, Occurrence
from casebook.schema.effects import EffectRow
from contracts import domain_events
from contracts.actions import REFUNDS
from contracts.case import CaseEvent
from contracts.effect import Effect, EffectTerms
from contracts.ids import review_id
from contracts.kinds.fraud import FRAUD
from contracts.names import CaseEventType
from contracts.refunds import total_of

EFFECT = ProjectedTable(EffectRow, ("key",))


class EffectStarted(EventData, Effect):
    """An approved effect is about to happen."""

    type: ClassVar[CaseEventType] = "effect_started"
    kind: ClassVar[str | None] = FRAUD.name
    named_by: ClassVar[tuple[str, ...]] = ("key",)

    approved: EffectTerms

    @staticmethod
    def why_not(found: GuardFacts, action: str, *, has_begun: bool) -> str | None:
        """Why an effect may not happen; None when it may. Changed facts end an approval, but not what has begun."""
        if found.is_held:
            return f"the decision on round {found.round} can still be taken back"
        if action not in found.approved:
            return f"no accepted decision on round {found.round} approves it"
        if found.facts_changed and not has_begun:
            return f"what the approval of round {found.round} relied on has changed"
        return None

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        facts = log.facts
        action: str = data["action"]
        approved: Data = data["approved"]
        asked, last = review_id(log.case_id, facts.round), log.last_order(action)
        key = order_key(log.case_id, action, log.customer, asked, last)
        is_over, was_begun = event.type == EffectFinished.type, last is not None and last.key == data["key"]
        reason = cls.why_not(facts, action, has_begun=is_over and was_begun)
        _note(log, event, data)
        if data["status"] == "done" and "error" in (data.get("result") or {}):
            return "what it came to is an error"
        if data["status"] != "done" and data.get("already") is not None:
            return "it is not done, and is said to have been so already"
        if data["key"] != key:
            return "it is about another customer, or another order"
        if (approved["customer_id"], approved["review_id"]) != (log.customer, asked):
            return "it was approved for another customer, or by another answer"
        if approved.get("refunds") != (log.chosen.get(asked) if action in REFUNDS else None):
            return "it refunds something else than was chosen"
        return reason or ("nobody is said to have begun it" if is_over and not was_begun else None)

    def apply(self, case: CaseHead, at: Occurrence) -> Iterator[Change]:
        effect = Effect(**{name: getattr(self, name) for name in Effect.model_fields})
        columns = {"action": self.action, "status": self.status}
        yield Put(EFFECT, {"key": self.key}, columns, {"started_seq": at.seq}, effect)
        case.move("acting")


def _note(log: LogFacts, event: CaseEvent, data: Data) -> None:
    """What the events that follow may rest on."""
    action, key = data["action"], data["key"]
    keys = log.orders.setdefault(action, [])
    log.facts.effects[action] = data["status"]
    if key not in keys:
        keys.append(key)
        log.facts.begun_at[action] = event.at
    if data["status"] == "done":
        log.facts.was_done.add(action)
        log.done.add(key)
        log.done_for.setdefault(key, data["approved"]["review_id"])


class EffectFinished(EffectStarted):
    """Its result."""

    type: ClassVar[CaseEventType] = "effect_finished"
    kind: ClassVar[str | None] = FRAUD.name
    named_by: ClassVar[tuple[str, ...]] = ("key", "status")

    def tells(self, case_id: str) -> Iterator[domain_events.DomainEvent]:
        yield domain_events.ActionExecuted(case_id=case_id, key=self.key, action=self.action, status=self.status)


class FactsChanged(EventData):
    """What the approval of a round relied on no longer holds: it allows nothing from here on."""

    type: ClassVar[CaseEventType] = "facts_changed"
    kind: ClassVar[str | None] = FRAUD.name
    named_by: ClassVar[tuple[str, ...]] = ("round",)

    round: int
    changes: tuple[str, ...]

    @staticmethod
    def why_not(found: GuardFacts, wanted: int) -> str | None:
        """Why no facts can have changed in a round; None when an approval relied on some."""
        if wanted != found.round or found.verdict != "approve":
            return "nothing was approved that could have relied on them"
        return None

    @classmethod
    def guard(cls, log: LogFacts, event: CaseEvent, data: Data) -> str | None:
        reason = cls.why_not(log.facts, data["round"])
        if reason is None:
            log.facts.facts_changed = True
        return reason


def why_not_as_approved(approved: Data, assessment: Mapping[str, Any] | None, action: str) -> str | None:
    """Why an effect is not the one that was asked about, by the assessment of its round; None when it is."""
    said = approved["refund_charge_ids"], approved["refund_total"]
    if action not in REFUNDS:
        return None if said == ([], None) else "it refunds charges"
    known = assessment or {}
    if approved.get("refunds") is not None:
        # What was chosen is compared with the decision.
        chosen = EffectTerms.model_validate(approved).refunds or ()
        total = [money.model_dump() for money in total_of(each.amount for each in chosen)]
        known = {"refund_charge_ids": [each.charge_id for each in chosen], "refund_total": total}
    if said != (known.get("refund_charge_ids"), known.get("refund_total")):
        return "it refunds other charges, or another total, than were approved"
    return None
