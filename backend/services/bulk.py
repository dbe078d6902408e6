"""Bulk actions: a preview first, then one case after the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from backend.auth.identity import Identity
from backend.services.decisions import DecisionService
from backend.services.errors import NeedsOwnDecision, ServiceError
from casebook.async_api import AsyncWorkspace
from casebook.commands.snoozes import why_not_until
from casebook.errors import (
    CasebookError,
    CaseClosed,
    CaseNotFound,
    ClaimedByOther,
    NoOpenReview,
    NotAllowed,
    OtherActionProposed,
)
from casebook.policy.four_eyes import is_rated_critical, overrules
from contracts.base import Contract
from contracts.case import CaseSummary
from contracts.closing import ReasonCode
from contracts.ids import CaseId, Hash, ReviewId
from contracts.kinds import kind_of
from contracts.review import Decision

BulkAction = Literal["claim", "assign", "snooze", "close_false_positive"]

MAX_ITEMS = 500
BULK_REASON: ReasonCode = "bulk_false_positive"


class BulkItem(Contract):
    """One case, and the question that was open in the preview."""

    case_id: CaseId
    review_id: ReviewId | None = None
    assessment_hash: Hash | None = None


@dataclass(frozen=True)
class BulkTerms:
    """What an action says besides the cases."""

    assignee: Identity | None = None
    """Of `assign`: who is to have them."""
    until: datetime | None = None
    """Of `snooze`; None: until each one's deadline is near."""
    until_activity: bool = False
    """Of `snooze`: also until somebody else adds something."""
    comment: str | None = None


NO_TERMS = BulkTerms()


class BulkResult(Contract):
    """What can be done with one case, or what was done."""

    case_id: CaseId
    ok: bool
    reason: str | None
    """Why not; or, where it is, what is still to come."""
    review_id: ReviewId | None
    assessment_hash: Hash | None


class BulkResults(Contract):
    """One result per case, in the order of the request."""

    items: tuple[BulkResult, ...]


class BulkActions:
    """Applies one action to many cases; what one case refuses never holds up another."""

    def __init__(
        self,
        workspace: AsyncWorkspace,
        decisions: DecisionService,
        clock: Callable[[], datetime],
    ) -> None:
        self._workspace = workspace
        self._decisions = decisions
        self._clock = clock

    async def preview(
        self, action: BulkAction, cases: Sequence[str], identity: Identity, terms: BulkTerms = NO_TERMS
    ) -> BulkResults:
        """What would become of each case. Changes nothing."""
        found, now = await self._workspace.summaries(cases), self._clock()
        return BulkResults(items=tuple(_preview(action, case, found.get(case), identity, terms, now) for case in cases))

    async def apply(
        self, action: BulkAction, items: Sequence[BulkItem], identity: Identity, terms: BulkTerms = NO_TERMS
    ) -> BulkResults:
        """Do it to each case in turn. A case that was closed as a false positive is bound to what was shown of it."""
        return BulkResults(items=tuple([await self._do(action, item, identity, terms) for item in items]))

    async def _do(self, action: BulkAction, item: BulkItem, identity: Identity, terms: BulkTerms) -> BulkResult:
        try:
            if action == "claim":
                await self._workspace.claim(item.case_id, identity.subject)
                return _result(item)
            if action == "assign":
                assert terms.assignee is not None
                await self._workspace.assign(
                    item.case_id, terms.assignee.subject, terms.assignee.roles, identity.subject, as_manager=True
                )
                return _result(item)
            if action == "snooze":
                await self._workspace.snooze(
                    item.case_id,
                    identity.subject,
                    identity.roles,
                    terms.until,
                    until_activity=terms.until_activity,
                    reason=terms.comment,
                )
                return _result(item)
            return _result(item, note=await self._close(item, identity, terms.comment))
        except (CasebookError, ServiceError) as refused:
            return _result(item, refused=refused)

    async def _close(self, item: BulkItem, identity: Identity, comment: str | None) -> str | None:
        if item.review_id is None or item.assessment_hash is None or item.review_id.rpartition(":")[0] != item.case_id:
            raise NoOpenReview
        found = await self._workspace.summaries([item.case_id])
        # Whatever the order says of a case: a client may not have looked.
        if item.case_id in found and (refused := _needs_own_decision(found[item.case_id])) is not None:
            raise refused
        decision = Decision(
            review_id=item.review_id,
            assessment_hash=item.assessment_hash,
            verdict="approve",
            action="clear",
            reason_code=BULK_REASON,
            decided_by=identity.subject,
            decided_at=self._clock(),
            disposition="false_positive",
            comment=comment,
        )
        accepted = await self._decisions.accept(decision, identity)
        return None if isinstance(accepted, Decision) else "It waits for a second person's approval."


def _preview(
    action: BulkAction, case_id: str, case: CaseSummary | None, identity: Identity, terms: BulkTerms, now: datetime
) -> BulkResult:
    if case is None:
        return _result(BulkItem(case_id=case_id), refused=CaseNotFound(case_id))
    review = case.review
    item = BulkItem(
        case_id=case_id,
        review_id=None if review is None else review.review_id,
        assessment_hash=None if review is None else review.assessment_hash,
    )
    return _result(item, refused=_refusal(action, case, identity, terms, now))


def _refusal(
    action: BulkAction, case: CaseSummary, identity: Identity, terms: BulkTerms, now: datetime
) -> CasebookError | ServiceError | None:
    if case.state == "closed":
        return CaseClosed(case.outcome)
    if action == "assign":
        return None
    claim = case.claim
    if claim is not None and claim.assignee != identity.subject:
        return ClaimedByOther(claim.assignee, claim.claimed_at)
    if action == "claim":
        return None
    if case.review is None:
        return NoOpenReview()
    may_decide = identity.may_act_as(case.review.required_role)
    if action == "snooze":
        is_allowed = may_decide or claim is not None
        return why_not_until(case.review, terms.until, now) if is_allowed else NotAllowed(case.review.required_role)
    if not may_decide:
        return NotAllowed(case.review.required_role)
    if case.proposal is not None and case.proposal.action != "clear":
        return OtherActionProposed(case.proposal.approvals[0].approved_by, case.proposal.action)
    return _needs_own_decision(case)


def _needs_own_decision(case: CaseSummary) -> NeedsOwnDecision | None:
    """Why a case is not cleared together with others, however many are chosen."""
    kind = kind_of(case.case_id)
    if "clear" not in kind.actions:
        return NeedsOwnDecision(f"A case of kind '{kind.name}' is not cleared: it is decided on its own page.")
    if is_rated_critical(case.severity, case.risk_level):
        return NeedsOwnDecision("It was rated critical: clearing it takes two people, who decide it on its own page.")
    if case.review is not None and "clear" in (case.review.four_eyes_actions or ()):
        return NeedsOwnDecision("Clearing it takes two people, who decide it on its own page.")
    if case.recommendation is None:
        return NeedsOwnDecision("There was no evidence to judge it by: look at it, and decide it on its own page.")
    if overrules(case.recommendation, "clear"):
        return NeedsOwnDecision(
            f"The assessment recommends '{case.recommendation}': clearing it overrules that, and is decided with a "
            "reason on its own page."
        )
    return None


def _result(item: BulkItem, *, refused: Exception | None = None, note: str | None = None) -> BulkResult:
    return BulkResult(
        case_id=item.case_id,
        ok=refused is None,
        reason=note if refused is None else str(refused),
        review_id=item.review_id,
        assessment_hash=item.assessment_hash,
    )


Cases = Annotated[tuple[CaseId, ...], Field(min_length=1, max_length=MAX_ITEMS)]
Items = Annotated[tuple[BulkItem, ...], Field(min_length=1, max_length=MAX_ITEMS)]
