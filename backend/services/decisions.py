"""Taking a person's answer."""

import logging

from backend.auth.identity import Identity
from backend.services.errors import ContradictoryDecision, IncompleteDecision, NotAllowed, NothingToRefund
from backend.services.relay import Relay
from backend.threads import Threads
from casebook.repository import CaseBook
from contracts.case import CaseView
from contracts.ids import parse_review_id
from contracts.review import Decision

log = logging.getLogger("casewright.decisions")


class Deciding:
    """Accepts a decision once it fits what was asked; the relay tells the orchestration."""

    def __init__(self, casebook: CaseBook, relay: Relay, threads: Threads) -> None:
        self._casebook = casebook
        self._relay = relay
        self._threads = threads

    async def accept(self, decision: Decision, identity: Identity) -> None:
        """Keep the decision and have it delivered.

        Raises IncompleteDecision, ContradictoryDecision, NothingToRefund, NotAllowed, and what
        `CaseBook.accept_decision` raises; then nothing has changed.
        """
        _require_completeness(decision)
        case_id, _ = parse_review_id(decision.review_id)
        view = await self._threads.run(self._casebook.get_case, case_id)
        _require_sense(decision, view, identity)
        await self._threads.run(self._casebook.accept_decision, decision)
        log.info("%s: %s by %s", decision.review_id, decision.verdict, decision.decided_by)
        self._relay.wake()


def _require_completeness(decision: Decision) -> None:
    if decision.verdict == "approve" and decision.action is None:
        raise IncompleteDecision("action", "An approval needs an action: say what is approved.")
    if decision.verdict == "reject" and not (decision.feedback or "").strip():
        raise IncompleteDecision("feedback", "A rejection needs feedback: say what should be looked at again.")
    if decision.verdict == "reject" and decision.action is not None:
        raise ContradictoryDecision


def _require_sense(decision: Decision, view: CaseView, identity: Identity) -> None:
    """Judge by what is being asked now; a decision about anything else is refused by the casebook."""
    review = view.review
    if review is None or review.review_id != decision.review_id:
        return
    if not identity.may_act_as(review.required_role):
        raise NotAllowed(review.required_role)
    if review.assessment_hash != decision.assessment_hash or decision.action not in (
        "refund_charges",
        "lock_and_refund",
    ):
        return
    if view.assessment is None or not view.assessment.refund_charge_ids:
        raise NothingToRefund
