"""Budgets of model costs: when one is used up, no model is called and the case goes to people."""

from dataclasses import dataclass
from decimal import Decimal

from contracts.report import Spend
from worker.ports.record import SpendLedger


@dataclass(frozen=True)
class Budget:
    """Upper bounds; None: there is none. Those in dollars bound only models whose price is known."""

    usd_per_case: Decimal | None = None
    usd_per_day: Decimal | None = None
    tokens_per_case: int | None = None
    tokens_per_day: int | None = None


class BudgetGuard:
    """Compares the recorded spend with the budget, before each model call.

    Calls in flight, of other agents and other workers, are not recorded yet: the budget can be overshot by them.
    """

    def __init__(self, budget: Budget, ledger: SpendLedger) -> None:
        self._budget = budget
        self._ledger = ledger

    def refusal(self, case_id: str) -> str | None:
        """Why no model may be asked for this case any more, in one sentence; None when one may."""
        budget = self._budget
        if budget.usd_per_case is not None or budget.tokens_per_case is not None:
            spent = self._ledger.spent_on_case(case_id)
            if reached := _reached(spent, budget.usd_per_case, budget.tokens_per_case):
                return f"The model budget of this case is used up ({reached})."
        if budget.usd_per_day is not None or budget.tokens_per_day is not None:
            spent = self._ledger.spent_today()
            if reached := _reached(spent, budget.usd_per_day, budget.tokens_per_day):
                return f"The model budget of this day is used up ({reached})."
        return None


def _reached(spent: Spend, usd: Decimal | None, tokens: int | None) -> str | None:
    if usd is not None and spent.cost_usd is not None and spent.cost_usd >= usd:
        return f"{usd:f} US dollars"
    used = spent.input_tokens + spent.output_tokens
    return f"{tokens:,} tokens" if tokens is not None and used >= tokens else None
