"""Transitions that are refused because nothing on record justifies them: each is counted."""

from collections.abc import Sequence

from casebook.errors.base import CasebookError
from contracts.kinds import kind_of
from contracts.names import ALERTS_JOINED, CONVERSATION_MOVED


class TransitionRefused(CasebookError):
    """Base of all refusals of a step that the case's own record does not justify. Nothing has changed."""

    id = "transition-refused"
    status = 409


class OtherKind(TransitionRefused):
    """What was asked for is for another kind of case."""

    id = "other-kind"

    def __init__(self, case_id: str, wanted: str) -> None:
        kind = kind_of(case_id).name
        super().__init__(f"Case '{case_id}' is of kind '{kind}': this is for cases of kind '{wanted}' only.")


class OutcomeNotJustified(TransitionRefused):
    """The record does not justify the outcome with which a case should be closed."""

    id = "outcome-not-justified"

    def __init__(self, case_id: str, outcome: str, reason: str) -> None:
        super().__init__(f"Case '{case_id}' cannot be closed as '{outcome}': {reason}.")


class SubjectDiffers(TransitionRefused):
    """A case was to be opened under an id that another one has."""

    id = "subject-differs"

    def __init__(self, case_id: str) -> None:
        super().__init__(f"Case '{case_id}' is about something else than it was to be opened about.")


class RoundNotJustified(TransitionRefused):
    """A round was to begin, or to be asked about, that nothing on record calls for."""

    id = "round-not-justified"

    def __init__(self, case_id: str, round_number: int, reason: str) -> None:
        super().__init__(f"Round {round_number} of case '{case_id}' cannot begin: {reason}.")


class AlertsJoined(CasebookError):
    """Alerts joined the case that no round has investigated: one must, before anybody is asked or anything concluded.

    The ordinary course of a case, and no refusal that anybody must look at.
    """

    id = ALERTS_JOINED
    status = 409

    def __init__(self, case_id: str) -> None:
        super().__init__(f"Alerts joined case '{case_id}' that nobody has investigated: its next round comes first.")


class ConversationMoved(CasebookError):
    """The customer wrote again: a draft that knows it comes first.

    The ordinary course of a conversation, and no refusal that anybody must look at.
    """

    id = CONVERSATION_MOVED
    status = 409

    def __init__(self, case_id: str) -> None:
        super().__init__(f"The conversation of case '{case_id}' moved on: another draft comes first.")


class RoundNotBegun(TransitionRefused):
    """Something was to be reported or concluded in a round that has not begun."""

    id = "round-not-begun"

    def __init__(self, case_id: str, round_number: int) -> None:
        super().__init__(f"Round {round_number} of case '{case_id}' has not begun: nothing belongs to it.")


class AssessmentNotRecorded(TransitionRefused):
    """A person was to be asked about another assessment than the one on record."""

    id = "assessment-not-recorded"

    def __init__(self, case_id: str, round_number: int) -> None:
        super().__init__(
            f"What was to be asked about round {round_number} of case '{case_id}' is not the assessment on record."
        )


class ReportsNotRecorded(TransitionRefused):
    """An assessment is based on other reports than those on record."""

    id = "reports-not-recorded"

    def __init__(self, case_id: str, specialists: Sequence[str]) -> None:
        names = ", ".join(specialists)
        super().__init__(f"An assessment of case '{case_id}' rests on reports that are not on record: {names}.")


class ReportUnfounded(TransitionRefused):
    """A report was to be kept whose tool calls have left no evidence."""

    id = "report-unfounded"

    def __init__(self, case_id: str, specialist: str) -> None:
        super().__init__(f"The {specialist} report of case '{case_id}' names tool calls that left no evidence.")


class NotApproved(TransitionRefused):
    """An action was to be carried out that no accepted decision approves."""

    id = "not-approved"

    def __init__(self, case_id: str, action: str) -> None:
        super().__init__(f"No accepted decision on case '{case_id}' approves '{action}'.")


class NotAsApproved(TransitionRefused):
    """An approved action was to be carried out on another customer, or on other charges, than were approved."""

    id = "not-as-approved"

    def __init__(self, case_id: str, action: str, what: str) -> None:
        super().__init__(f"'{action}' in case '{case_id}' was approved for another {what}: nothing is done.")


class FactsNotJustified(TransitionRefused):
    """Facts were to be noted as changed that have not, or although nothing was approved that could rely on them."""

    id = "facts-not-justified"

    def __init__(self, case_id: str, round_number: int) -> None:
        super().__init__(f"Nothing that an approval in round {round_number} of case '{case_id}' relied on has changed.")


class DeadlineNotPassed(TransitionRefused):
    """A question was to be passed on or withdrawn while people still have time to answer it."""

    id = "deadline-not-passed"

    def __init__(self, review_id: str, due_at: str) -> None:
        super().__init__(f"The question '{review_id}' can be answered until {due_at}: it stays as it was asked.")


class WeakerQuestion(TransitionRefused):
    """A question was to be put to somebody who may not decide it, or without the second person that it needs."""

    id = "weaker-question"

    def __init__(self, review_id: str, what: str) -> None:
        super().__init__(f"The question '{review_id}' cannot be put with {what}.")


class QuestionNotAsked(TransitionRefused):
    """A case waits for an answer to a question that was put to nobody, or to another case's."""

    id = "question-not-asked"

    def __init__(self, review_id: str) -> None:
        super().__init__(f"Nobody was asked '{review_id}'.")


class NoAcceptedDecision(TransitionRefused):
    """A decision was announced to a case, and none is on record."""

    id = "no-accepted-decision"

    def __init__(self, review_id: str) -> None:
        super().__init__(f"An answer to '{review_id}' was announced, but no accepted decision is on record.")


class NotReversible(TransitionRefused):
    """A reversal was to be carried out that nobody approved."""

    id = "not-reversible"

    def __init__(self, reversal: str, action: str) -> None:
        super().__init__(f"Nobody approved '{action}' in the reversal '{reversal}'.")


class NotAsRequested(TransitionRefused):
    """An approved reversal was to be carried out on something else than was asked for."""

    id = "not-as-requested"

    def __init__(self, reversal: str) -> None:
        super().__init__(f"The reversal '{reversal}' was approved for another effect: nothing is done.")


class UnknownCase(TransitionRefused):
    """Something was to be done in a case that is not on record. Only noted; what is raised is CaseNotFound."""

    id = "unknown-case"

    def __init__(self) -> None:
        super().__init__("Something was to be done in a case that is not on record.")
