"""What an approval would do now: a dry run before the button."""

from backend.services.customer_store import CustomerStoreReader
from casebook.async_api import AsyncWorkspace
from casebook.policy.four_eyes import approvals_of
from contracts.actions import ACTIONS, LOCK, RecommendedAction
from contracts.preview import EffectPreview
from contracts.refunds import ChosenRefund


class PreviewService:
    """Asks the customer store, which is not changed, about what is being asked in a case."""

    def __init__(self, workspace: AsyncWorkspace, store: CustomerStoreReader) -> None:
        self._workspace = workspace
        self._store = store

    async def approvals_required(
        self, case_id: str, action: RecommendedAction, refunds: tuple[ChosenRefund, ...] | None
    ) -> int | None:
        """How many people must approve `action` with these refunds; None: nobody is asked. Raises CaseNotFound."""
        review = (await self._workspace.get_fraud_case(case_id)).review
        if review is None:
            return None
        limit = None if refunds is None else await self._workspace.four_eyes_limit(case_id)
        return approvals_of(review, action, refunds, limit)

    async def preview(
        self, case_id: str, action: RecommendedAction, refunds: tuple[ChosenRefund, ...] | None
    ) -> EffectPreview:
        """What `action` would do now, with the charges that the assessment names or with those chosen.

        Raises CaseNotFound and PreviewUnavailable.
        """
        view = await self._workspace.get_fraud_case(case_id)
        spec = ACTIONS[action]
        named = view.assessment.refund_charge_ids if view.assessment is not None else ()
        amounts = {each.charge_id: each.amount.amount_minor for each in refunds or ()}
        charge_ids = named if refunds is None else tuple(amounts)
        return await self._store.preview(
            view.alert.customer_id,
            lock=LOCK in spec.effects,
            charge_ids=charge_ids if spec.refunds else (),
            amounts=amounts if spec.refunds else {},
        )
