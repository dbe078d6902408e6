"""Asks the customer store whether the facts behind an approval have changed."""

import logging

from durabletask import task
from pydantic import JsonValue

from casebook.errors import FactsNotJustified
from contracts.actions import ACTIONS, recommended
from contracts.charges import CHARGES_TOOL
from contracts.ids import review_id
from contracts.investigation import FactCheck, FactReport, NotedFacts
from contracts.steps import RoundInput
from worker.domain.facts import (
    CUSTOMER_TOOL,
    NOT_CHECKED,
    are_untouched,
    compare,
    done_of,
    facts_behind,
    order_for,
    refused_because,
    still_to_do,
)
from worker.domain.orders import EFFECTS_TOOL
from worker.ports.record import Approved, CaseRecord
from worker.ports.tools import ToolBox, ToolInvocation, ToolsUnavailable

log = logging.getLogger(__name__)

ALL_DAYS = 120
"""As far back as the charges tool looks: a charge that was found there may have been an old one."""
TIMEOUT_S = 30.0


class FactActivities:
    """Reads facts by read-only tools, and compares them with those recorded in the investigation."""

    def __init__(self, record: CaseRecord, tools: ToolBox) -> None:
        self._record = record
        self._tools = tools

    def check_facts(self, _: task.ActivityContext, check: FactCheck) -> FactReport:
        """The current facts. Raises ToolsUnavailable when the store does not answer."""
        return self.read(check)

    def read(self, check: FactCheck) -> FactReport:
        """The current facts. Raises ToolsUnavailable when the store does not answer."""
        evidence = tuple(self._record.evidence(check.case_id, evidence_id) for evidence_id in check.evidence_ids)
        customer: JsonValue = self.customer(check.customer_id)
        charges = self._ask(CHARGES_TOOL, check.customer_id, days=ALL_DAYS) if check.refund_charge_ids else None
        # Who gave something back is asked only where something was; a store that cannot say leaves it out.
        orders = None if are_untouched(check.refund_charge_ids, charges) else self._answer(EFFECTS_TOOL, check)
        return compare(check, evidence, customer, charges, orders)

    def customer(self, customer_id: int) -> JsonValue:
        """The profile as it is now. Raises ToolsUnavailable when the store does not say."""
        return self._ask(CUSTOMER_TOOL, customer_id)

    def read_for_question(self, check: FactCheck) -> FactReport | None:
        """The current facts, for a question that is asked again; None when the store does not answer."""
        try:
            return self.read(check)
        except ToolsUnavailable:
            return None

    def note_changed_facts(self, _: task.ActivityContext, changed: RoundInput) -> NotedFacts:
        """Leave on record why the approval is not carried out: what the store says.

        Refuses when nothing was approved in that round. Empty when what was approved still holds.
        """
        approved = self._record.approved_action(changed.case_id, review_id(changed.case_id, changed.round))
        noted = self._as_it_stands(changed.case_id, approved)
        try:
            on_record = self._record.note_changed_facts(changed.case_id, changed.round, noted.changes)
        except FactsNotJustified:
            if noted.changes:
                raise
            return noted
        log.warning("What was approved in round %d no longer holds: %s", changed.round, " ".join(on_record))
        return noted.model_copy(update={"changes": on_record})

    def _as_it_stands(self, case_id: str, approved: Approved) -> NotedFacts:
        """What has changed of what was approved, by the store and by what it has refused."""
        decision, assessment, effects = approved.decision, approved.assessment, self._record.effects_of(case_id)
        assert decision.action is not None, "only what was approved with an action is on record as approved"
        begun = {effect.action for effect in effects if effect.status != "failed"}
        action = still_to_do(recommended(decision.action), done_of(effects))
        check = facts_behind(case_id, approved.customer_id, action, assessment, decision.refunds)
        if check is None or begun >= set(ACTIONS[decision.action].effects):
            # What it has done itself looks like a change.
            return NotedFacts()
        report = self.read_for_question(check)
        refused = next((effect for effect in effects if effect.status == "failed"), None)
        if refused is None:
            changes = (NOT_CHECKED,) if report is None else report.changes
        else:
            order = order_for(case_id, approved.customer_id, assessment, decision)
            changes = refused_because(check, order, refused, report)
        return NotedFacts(changes=changes, report=report)

    def _answer(self, tool: str, check: FactCheck) -> JsonValue:
        try:
            return self._ask(tool, check.customer_id)
        except ToolsUnavailable:
            return None

    def _ask(self, tool: str, customer_id: int, **more: JsonValue) -> JsonValue:
        call = ToolInvocation(tool=tool, arguments={"customer_id": customer_id, **more})
        (outcome,) = self._tools.invoke((call,), TIMEOUT_S)
        if not outcome.ok:
            raise ToolsUnavailable(f"The tool {tool} gave no records.")
        return outcome.result
