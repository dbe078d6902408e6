import pytest

from backend.auth.identity import Identity
from backend.wiring import Wiring
from casebook.errors import AssessmentChanged, NotAllowed
from tests.support.casebooks import CaseBook
from tests.unit.backend.support import case_in_review
from tests.unit.casebook.builders import a_decision

pytestmark = pytest.mark.anyio

ANALYST = Identity(subject="ana", name="Ana", roles=("analyst",))
MANAGER = Identity(subject="max", name="Max", roles=("manager",))


async def test_what_was_escalated_needs_a_manager(wiring: Wiring, book: CaseBook) -> None:
    opening = case_in_review(book, escalation_reason="Three attempts were used up.")
    decision = a_decision(opening)

    with pytest.raises(NotAllowed, match="This needs the role 'manager'"):
        await wiring.services.decisions.accept(decision, ANALYST)
    assert book.get_fraud_case(opening.case_id).decisions == ()

    await wiring.services.decisions.accept(decision, MANAGER)
    recorded = decision.model_copy(update={"decided_by": "max"})
    assert book.get_fraud_case(opening.case_id).decisions == (recorded,)


async def test_decision_on_another_assessment_is_refused(wiring: Wiring, book: CaseBook) -> None:
    opening = case_in_review(book)
    decision = a_decision(opening).model_copy(update={"assessment_hash": "sha256:" + "0" * 64})
    with pytest.raises(AssessmentChanged):
        await wiring.services.decisions.accept(decision, MANAGER)
