"""Decisions and other actions of people that are refused."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from casebook.errors.base import CasebookError
from contracts.closing import REASON_CODES, RequiredField
from contracts.kinds import KINDS, Action, Answer, kind_of
from contracts.kinds.fraud import FRAUD
from contracts.kinds.reply import REPLY
from contracts.review import Role


class NotAllowed(CasebookError):
    """The person lacks the role that this needs."""

    id = "not-allowed"
    status = 403

    def __init__(self, required: Role) -> None:
        super().__init__(f"This needs the role '{required}', which you do not have.")


class ClaimedByOther(CasebookError):
    """Another person works on the case."""

    id = "claimed-by-other"
    status = 409

    def __init__(self, assignee: str, claimed_at: datetime) -> None:
        super().__init__(
            f"{assignee} claimed this case at {claimed_at:%H:%M} UTC: "
            f"ask {assignee} to release it, or let a manager take it over."
        )


class NotClaimed(CasebookError):
    """Nobody works on the case, so there is no claim to end or to take over."""

    id = "not-claimed"
    status = 409

    def __init__(self) -> None:
        super().__init__("Nobody has claimed this case: there is nothing to release or to take over.")


class ActionOfOtherKind(CasebookError):
    """Nobody can approve this action in a case of its kind."""

    id = "action-of-other-kind"
    status = 422

    def __init__(self, review_id: str, action: Action) -> None:
        kind = kind_of(review_id)
        choice = " or ".join(f"'{each}'" for each in kind.actions)
        super().__init__(f"'{action}' cannot be approved in a case of kind '{kind.name}': approve {choice}, or reject.")


class NoDisposition(CasebookError):
    """A case of a kind without dispositions is said to have been something."""

    id = "no-disposition"
    status = 422

    def __init__(self, review_id: str) -> None:
        kind = kind_of(review_id).name
        super().__init__(f"A case of kind '{kind}' has no disposition and no reason code: leave both out.")


class ReasonMissing(CasebookError):
    """An approval that overrules the assessment, and does not say why."""

    id = "reason-missing"
    status = 422

    def __init__(self, recommended: Action, action: Action) -> None:
        sentence = (
            f"The assessment recommends '{recommended}', and you approve '{action}': say why, with a reason code "
            "or a comment."
        )
        super().__init__(sentence)
        self.fields = (("reason_code", sentence),)


class FieldsMissing(CasebookError):
    """A decision without what the installation requires of one like it."""

    id = "fields-missing"
    status = 422

    def __init__(self, answer: Answer, missing: Sequence[RequiredField]) -> None:
        wanted = " and ".join(_FIELDS[name] for name in missing)
        is_rejection = any(answer == spec.rejection for spec in KINDS.values())
        deciding = "Rejecting" if is_rejection else f"Approving '{answer}'"
        sentence = f"{deciding} takes {wanted} here: add what is missing, and decide again."
        super().__init__(sentence)
        self.fields = tuple(("reason_code" if name == "reason" else name, sentence) for name in missing)


_FIELDS: Mapping[RequiredField, str] = {
    "disposition": "a disposition",
    "reason_code": "a reason code",
    "comment": "a comment",
    "reason": "a reason (a code or a comment)",
}


class UnknownReasonCode(CasebookError):
    """A decision names a reason code that does not exist."""

    id = "unknown-reason-code"
    status = 422

    def __init__(self, code: str) -> None:
        offered = ", ".join(name for codes in REASON_CODES.values() for name in codes)
        sentence = f"There is no reason code '{code}': use one of {offered}, or a comment."
        super().__init__(sentence)
        self.fields = (("reason_code", sentence),)


class SameApprover(CasebookError):
    """The person who gave the first approval tries to give the second one as well."""

    id = "same-approver"
    status = 403

    def __init__(self, action: Action) -> None:
        super().__init__(
            f"You gave the first approval of '{action}' yourself: another person must give the second, "
            "or you withdraw yours."
        )


class NotTheProposer(CasebookError):
    """Somebody tries to withdraw another person's approval."""

    id = "not-the-proposer"
    status = 403

    def __init__(self, proposed_by: str) -> None:
        super().__init__(
            f"Only {proposed_by}, who gave it, can withdraw this approval: reject with feedback if you disagree."
        )


class OtherActionProposed(CasebookError):
    """An approval of something else than what the first approval proposes."""

    id = "other-action-proposed"
    status = 409

    def __init__(self, proposed_by: str, action: Action) -> None:
        super().__init__(
            f"{proposed_by} proposed '{action}', which waits for a second approval: approve that, "
            f"reject with feedback, or ask {proposed_by} to withdraw it."
        )


class OtherRefundsProposed(CasebookError):
    """An approval of other refunds than the first approval chose."""

    id = "other-refunds-proposed"
    status = 409

    def __init__(self, proposed_by: str) -> None:
        super().__init__(
            f"{proposed_by} chose other refunds, which wait for a second approval: approve the same charges and "
            f"amounts, reject with feedback, or ask {proposed_by} to withdraw the approval."
        )


class RefundsRefused(CasebookError):
    """The refunds that an approval chooses cannot be approved."""

    status = 422

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.fields = (("refunds", sentence),)


class RefundsNotChosen(RefundsRefused):
    """Refunds were chosen for a decision that refunds nothing, or none for one that does."""

    id = "refunds-not-chosen"

    def __init__(self) -> None:
        super().__init__(
            "Only an approval of a refund chooses refunds, and at least one: leave out 'refunds', or choose."
        )


class ChargeChosenTwice(RefundsRefused):
    """A charge is chosen more than once."""

    id = "charge-chosen-twice"

    def __init__(self, charge_id: str) -> None:
        super().__init__(f"Charge {charge_id} is chosen twice: choose it once, with the whole amount to refund.")


class ChargeNotSeen(RefundsRefused):
    """A charge is chosen that the investigation did not see, or that cannot be refunded."""

    id = "charge-not-seen"

    def __init__(self, charge_id: str) -> None:
        super().__init__(
            f"Charge {charge_id} is not among the charges that the investigation saw and that can be refunded: "
            "choose among those."
        )


class RefundTooLarge(RefundsRefused):
    """More is chosen of a charge than was left of it, nothing, or another currency."""

    id = "refund-too-large"

    def __init__(self, charge_id: str, chosen: str, left: str) -> None:
        super().__init__(
            f"{chosen} of charge {charge_id} cannot be refunded: choose more than nothing and at most {left}."
        )


class NoProposal(CasebookError):
    """No approval waits for a second one."""

    id = "no-proposal"
    status = 409

    def __init__(self) -> None:
        super().__init__("No approval of this case waits for a second one: there is nothing to withdraw.")


class NoOpenReview(CasebookError):
    """Nobody is being asked about this case right now."""

    id = "no-open-review"
    status = 409

    def __init__(self) -> None:
        super().__init__("This case has no open review: there is nothing to decide right now.")


class ReviewNotFound(CasebookError):
    """The decision answers a round that the case has not reached."""

    id = "review-not-found"
    status = 404

    def __init__(self, asked: int, current_round: int) -> None:
        super().__init__(
            f"There is no review of round {asked}: this case is in round {current_round}. Reload to see what is asked."
        )


class NewEvidence(CasebookError):
    """What the question is about changed before it was answered: alerts joined, or the conversation moved on."""

    id = "new-evidence"
    status = 409

    def __init__(self, kind: str, news: str, at: datetime) -> None:
        what, next_step = _CHANGED[kind]
        super().__init__(
            f"{what} at {at:%H:%M} UTC, {news}. Nothing was decided: {next_step}, and you are asked again."
        )


_CHANGED: Mapping[str, tuple[str, str]] = {
    FRAUD.name: ("The evidence of this case changed", "it is being investigated"),
    REPLY.name: ("The conversation moved on", "the reply is being drafted anew"),
}


class ReviewSuperseded(CasebookError):
    """The decision answers an earlier round than the current one."""

    id = "review-superseded"
    status = 409

    def __init__(self, current_round: int) -> None:
        super().__init__(
            f"This case moved to round {current_round} while you were reading: "
            "the assessment changed. Reload to see it."
        )


class AssessmentChanged(CasebookError):
    """The decision carries the hash of another assessment than the one under review."""

    id = "assessment-changed"
    status = 409

    def __init__(self) -> None:
        super().__init__("The assessment is not the one that you decided on. Reload to see it.")


class AlreadyDecided(CasebookError):
    """Somebody has answered this review."""

    id = "already-decided"
    status = 409

    def __init__(self, decided_by: str) -> None:
        super().__init__(f"This review was already decided by {decided_by}. Reload to see the decision.")


class NothingToTakeBack(CasebookError):
    """Nothing was decided that could be taken back."""

    id = "nothing-to-take-back"
    status = 409

    def __init__(self) -> None:
        super().__init__("Nothing that was decided in this case waits to take effect: there is nothing to take back.")


class DecisionInEffect(CasebookError):
    """A decision was to be taken back that takes effect already."""

    id = "decision-in-effect"
    status = 409

    def __init__(self, since: datetime) -> None:
        super().__init__(
            f"The decision took effect at {since:%H:%M:%S} UTC and can no longer be taken back: "
            "ask for what it did to be reversed."
        )


class NotTheDecider(CasebookError):
    """Somebody tries to take back another person's decision."""

    id = "not-the-decider"
    status = 403

    def __init__(self, decided_by: str) -> None:
        super().__init__(f"Only {decided_by}, who decided, can take this decision back.")
