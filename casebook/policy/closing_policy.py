"""What is missing from a decision, by the policy of the installation. Pure: no database, no clock."""

from casebook.policy.four_eyes import gives_reason
from contracts.closing import ClosingPolicy, RequiredField
from contracts.kinds import Answer, kind_of
from contracts.review import Decision
from contracts.words import says_something


def answer_of(decision: Decision) -> Answer | None:
    """What the decision says; None for an approval of nothing, which is refused anyway."""
    return kind_of(decision.review_id).rejection if decision.verdict == "reject" else decision.action


def missing_fields(policy: ClosingPolicy, decision: Decision) -> tuple[RequiredField, ...]:
    """What the policy requires of the decision, and it does not say."""
    answer = answer_of(decision)
    if answer is None:
        return ()
    filled: dict[RequiredField, bool] = {
        "disposition": decision.disposition is not None,
        "reason_code": decision.reason_code is not None,
        "comment": says_something(decision.comment) or says_something(decision.feedback),
        "reason": gives_reason(decision),
    }
    return tuple(name for name in policy.of(answer) if not filled[name])
