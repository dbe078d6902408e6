"""Asking the customer store whether what was approved still holds."""

import logging

from durabletask import task
from pydantic import JsonValue

from contracts.investigation import ChangedFacts, FactCheck, FactReport
from worker.domain.evidence import CHARGES_TOOL
from worker.domain.facts import CUSTOMER_TOOL, compare
from worker.ports.record import CaseRecord
from worker.ports.tools import ToolBox, ToolInvocation, ToolsUnavailable

log = logging.getLogger(__name__)

ALL_DAYS = 120
"""As far back as the charges tool looks: a charge that was found there may have been an old one."""
TIMEOUT_S = 30.0


class FactActivities:
    """Facts, read by the tools that only read and held against what was recorded when the case was investigated."""

    def __init__(self, record: CaseRecord, tools: ToolBox) -> None:
        self._record = record
        self._tools = tools

    def check_facts(self, _: task.ActivityContext, check: FactCheck) -> FactReport:
        """How the facts stand now. Raises ToolsUnavailable when the store does not say."""
        return self.read(check)

    def read(self, check: FactCheck) -> FactReport:
        """How the facts stand now. Raises ToolsUnavailable when the store does not say."""
        evidence = tuple(self._record.evidence(check.case_id, evidence_id) for evidence_id in check.evidence_ids)
        customer: JsonValue = self.customer(check.customer_id)
        charges = self._ask(CHARGES_TOOL, check.customer_id, days=ALL_DAYS) if check.refund_charge_ids else None
        return compare(check, evidence, customer, charges)

    def customer(self, customer_id: int) -> JsonValue:
        """The profile as it is now. Raises ToolsUnavailable when the store does not say."""
        return self._ask(CUSTOMER_TOOL, customer_id)

    def note_changed_facts(self, _: task.ActivityContext, changed: ChangedFacts) -> None:
        """Leave on record why the approval is not carried out."""
        self._record.note_changed_facts(changed.case_id, changed.round, changed.changes)
        log.warning(
            "What was approved in round %d no longer holds: %s",
            changed.round,
            " ".join(changed.changes),
            extra={"case_id": changed.case_id},
        )

    def _ask(self, tool: str, customer_id: int, **more: JsonValue) -> JsonValue:
        call = ToolInvocation(tool=tool, arguments={"customer_id": customer_id, **more})
        (outcome,) = self._tools.invoke((call,), TIMEOUT_S)
        if not outcome.ok:
            raise ToolsUnavailable(f"The tool {tool} gave no records.")
        return outcome.result
