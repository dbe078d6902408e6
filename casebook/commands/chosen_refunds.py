"""Checks the refunds that an approval chooses by what the investigation has seen."""

from sqlalchemy import Connection, select

from casebook.errors import ChargeChosenTwice, ChargeNotSeen, RefundsNotChosen, RefundTooLarge
from casebook.queries.agent_runs import saved_assessment
from casebook.schema.base import table_of
from casebook.schema.rounds import EvidenceRow
from contracts.charges import CHARGES_TOOL, REFUNDABLE, KnownCharge, known_charges
from contracts.ids import parse_review_id
from contracts.kinds import action_spec
from contracts.money import as_written
from contracts.report import Evidence, answered_calls
from contracts.review import Decision

_EVIDENCE = table_of(EvidenceRow)


def with_seen_refunds(connection: Connection, case_id: str, decision: Decision) -> Decision:
    """The decision with its refunds in the order of their charges.

    Raises RefundsNotChosen for refunds of a decision that refunds nothing, ChargeChosenTwice, ChargeNotSeen for a
    charge that is not among the seen ones that can be refunded, and RefundTooLarge for more than was left of one.
    """
    chosen = decision.refunds or ()
    refunds = decision.action is not None and action_spec(decision.action).refunds
    if decision.verdict != "approve" or not refunds or not chosen:
        raise RefundsNotChosen
    seen = seen_charges(connection, case_id, parse_review_id(decision.review_id)[1])
    for number, each in enumerate(chosen):
        if any(other.charge_id == each.charge_id for other in chosen[:number]):
            raise ChargeChosenTwice(each.charge_id)
        known = seen.get(each.charge_id)
        if known is None or known.status != REFUNDABLE or known.money.amount_minor <= 0:
            raise ChargeNotSeen(each.charge_id)
        left = known.money
        if each.amount.currency != left.currency or not 0 < each.amount.amount_minor <= left.amount_minor:
            raise RefundTooLarge(each.charge_id, as_written(each.amount), as_written(left))
    return decision.model_copy(update={"refunds": tuple(sorted(chosen, key=lambda each: each.charge_id))})


def seen_charges(connection: Connection, case_id: str, round_number: int) -> dict[str, KnownCharge]:
    """The charges in the answers on which the assessment of a round rests, by their ids."""
    assessment = saved_assessment(connection, case_id, round_number)
    called = () if assessment is None else answered_calls(assessment.reports, (CHARGES_TOOL,))
    recorded = select(_EVIDENCE.c.evidence_id, _EVIDENCE.c.body).where(
        _EVIDENCE.c.case_id == case_id, _EVIDENCE.c.evidence_id.in_(called)
    )
    bodies = {row.evidence_id: row.body for row in connection.execute(recorded)}
    return known_charges(Evidence.model_validate_json(bodies[call]) for call in called if call in bodies)
