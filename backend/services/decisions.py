"""Accepts a person's decision."""

import logging

from backend.auth.identity import Identity
from backend.services.errors import ContradictoryDecision, IncompleteDecision, NothingToRefund, TextNotSent
from backend.services.outbox_relay import OutboxRelay
from casebook.async_api import AsyncWorkspace
from contracts.case import Proposal
from contracts.fraud_case import FraudCaseView
from contracts.hashing import content_hash
from contracts.ids import parse_review_id
from contracts.kinds import action_spec, can_be_approved
from contracts.kinds.reply import SEND_EDITED
from contracts.reply import EditedReply
from contracts.review import Decision
from contracts.words import says_something

log = logging.getLogger("casewright.decisions")


class DecisionService:
    """Accepts a decision once it fits what was asked; the relay delivers it."""

    def __init__(self, workspace: AsyncWorkspace, relay: OutboxRelay) -> None:
        self._workspace = workspace
        self._relay = relay

    async def accept(self, decision: Decision, identity: Identity, text: str | None = None) -> Decision | Proposal:
        """Keep the decision and have it delivered; the first of two approvals waits for the second instead.

        Who decides is `identity`, whatever the decision says. `text`: what is sent instead of a draft.
        Raises IncompleteDecision, ContradictoryDecision,
        NothingToRefund, and what `WorkspaceApi.accept_decision` raises; then nothing has changed.
        """
        _require_completeness(decision)
        case_id, _ = parse_review_id(decision.review_id)
        if decision.refunds is None and _refunds(decision.action, case_id):
            _require_charges(decision, await self._workspace.get_fraud_case(case_id))
        edited = _edited(decision, text)
        digest = None if edited is None else content_hash(edited)
        signed = decision.model_copy(update={"decided_by": identity.subject, "text_hash": digest})
        accepted = await self._workspace.accept_decision(signed, identity.roles, edited)
        if isinstance(accepted, Proposal):
            log.info("%s: %s proposed by %s", accepted.review_id, accepted.action, identity.subject)
        else:
            log.info("%s: %s by %s", accepted.review_id, accepted.verdict, accepted.decided_by)
            if accepted.held_until is None:
                self._relay.deliver_now(accepted)
            else:
                # It learns when the hold ends, and delivers the decision then.
                self._relay.wake()
        return accepted

    async def withdraw_decision(self, case_id: str, identity: Identity) -> Decision:
        """Take back what `identity` decided. Raises what `WorkspaceApi.withdraw_decision` raises."""
        withdrawn = await self._workspace.withdraw_decision(case_id, identity.subject)
        log.info("%s: %s taken back by %s", withdrawn.review_id, withdrawn.action, identity.subject)
        return withdrawn

    async def withdraw(self, case_id: str, identity: Identity) -> None:
        """Withdraw the first approval that `identity` gave. Raises what `WorkspaceApi.withdraw_proposal` raises."""
        await self._workspace.withdraw_proposal(case_id, identity.subject)
        log.info("%s: approval withdrawn by %s", case_id, identity.subject)


def _require_completeness(decision: Decision) -> None:
    if decision.verdict == "approve" and decision.action is None:
        raise IncompleteDecision("action", "An approval needs an action: say what is approved.")
    if decision.verdict == "reject" and not says_something(decision.feedback):
        raise IncompleteDecision("feedback", "A rejection needs feedback: say what should be looked at again.")
    if decision.verdict == "reject" and decision.action is not None:
        raise ContradictoryDecision


def _edited(decision: Decision, text: str | None) -> EditedReply | None:
    """What is sent instead of a draft."""
    if decision.action != SEND_EDITED:
        if text is not None:
            raise TextNotSent
        return None
    if text is None or not says_something(text):
        raise IncompleteDecision("text", "An edited reply needs a text: say what is sent.")
    return EditedReply(text=text)


def _refunds(action: str | None, case_id: str) -> bool:
    """Whether an approval needs charges. What is no action of this kind of case is refused by the casebook."""
    return action is not None and can_be_approved(action, case_id) and action_spec(action).refunds


def _require_charges(decision: Decision, view: FraudCaseView) -> None:
    """Check by the assessment that the decision names; the casebook refuses a decision on another one."""
    review = view.review
    if review is None or (review.review_id, review.assessment_hash) != (decision.review_id, decision.assessment_hash):
        return
    if view.assessment is None or not view.assessment.refund_charge_ids:
        raise NothingToRefund
