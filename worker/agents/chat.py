"""Drafts replies to customers' messages, and says whether a person must look at them."""

from collections.abc import Callable, Sequence
from datetime import datetime

from casebook.policy.task_confirmations import needs_confirmation, without
from casebook.policy.task_replies import said_back
from casebook.queries.chat import DraftBasis
from contracts.base import Contract
from contracts.chat import ChatDraft
from contracts.report import Evidence
from contracts.task_plans import PlannedTaskChange
from contracts.words import cut, says_something
from worker.agents.conversation import chat_message
from worker.agents.journal import RunJournal
from worker.agents.loop import AgentLoop, Assignment
from worker.agents.task_tools import TASK_TOOLS, TaskTools, planned_changes
from worker.domain.sensitivity import Keywords

CHAT_TOOLS = (
    "get_customer",
    "get_subscriptions",
    "get_billing_summary",
    "get_data_usage",
    "get_support_tickets",
)
"""Read tools, about the linked customer alone; a user who is no customer has none."""
MAX_REPLY = 4_000
MAX_CHANGES = 10
"""Of tasks, in one reply: so many are said back in it."""
MAX_WHY = 300
"""Characters."""
NO_REPLY = "I am sorry, I could not write a reply to your message."
"""The draft where the model wrote none, and a person is asked all the same."""


class ChatAnswer(Contract):
    """The assistant's answer."""

    reply: str
    needs_person: bool
    why: str | None
    """Why a person must look at it, in one sentence; null when none has to."""


class NoReply(Exception):
    """The model wrote no reply, and nothing in the message asks for a person."""

    id = "no-reply"


class ChatAgent:
    """Answers one message at a time per thread."""

    def __init__(
        self, loop: AgentLoop, prompt: str, keywords: Keywords, tasks: TaskTools, now: Callable[[], datetime]
    ) -> None:
        self._loop = loop
        self._prompt = prompt
        self._keywords = keywords
        self._tasks = tasks
        self._now = now

    def draft(self, basis: DraftBasis, journal: RunJournal) -> ChatDraft:
        """A reply and why a person must look at it. The rest of `journal` must be stored with it. Raises NoReply."""
        result = self._loop.run(
            Assignment(
                case_id=basis.turn_id,
                round=basis.round,
                agent="chat",
                customer_id=basis.customer_id or 0,
                system=self._prompt,
                user=chat_message(basis, self._now()),
                answer_name="chat_answer",
                answer=ChatAnswer,
                tools=frozenset(TASK_TOOLS if basis.customer_id is None else (*CHAT_TOOLS, *TASK_TOOLS)),
                toolbox=self._tasks.for_run(basis),
            ),
            journal,
        )
        answer, flags = result.answer, self._flags(basis, result.answer)
        if answer is None or not says_something(answer.reply):
            if not flags:
                raise NoReply(result.failure or "The model wrote nothing.")
            flags = (*flags, f"There is no draft: {result.failure or 'the model wrote nothing.'}")
        changes, to_confirm = _planned(basis, () if answer is None else result.evidence)
        reply = answer.reply if answer is not None and says_something(answer.reply) else NO_REPLY
        return ChatDraft(
            round=basis.round,
            seen=basis.seen,
            text=_with_tasks(reply, changes, to_confirm),
            model=result.usage.model or "none",
            customer_id=basis.customer_id,
            flagged_because=flags,
            task_changes=changes,
            to_confirm=to_confirm,
        )

    def _flags(self, basis: DraftBasis, answer: ChatAnswer | None) -> tuple[str, ...]:
        flags = ["An earlier draft of this reply had to be looked at."] if basis.was_flagged else []
        for message in (basis.message, *basis.later):
            flags += [f"The message says '{keyword}'." for keyword in self._keywords.found_in(message)]
        if answer is not None and answer.needs_person:
            why = cut(" ".join((answer.why or "").split()), MAX_WHY)
            flags.append(f"The assistant asks for a person: {why or 'it does not say why.'}")
        return tuple(dict.fromkeys(flags))


def _planned(
    basis: DraftBasis, evidence: Sequence[Evidence]
) -> tuple[tuple[PlannedTaskChange, ...], tuple[PlannedTaskChange, ...]]:
    """What is done with tasks when the reply is sent, and what the user is asked first."""
    new = without(planned_changes(evidence), basis.confirmed)[:MAX_CHANGES]
    if needs_confirmation(new):
        return basis.confirmed, new
    return (*basis.confirmed, *new), ()


def _with_tasks(reply: str, changes: Sequence[PlannedTaskChange], to_confirm: Sequence[PlannedTaskChange]) -> str:
    said = said_back(changes, to_confirm)
    if not said:
        return cut(reply, MAX_REPLY)
    below = f"\n\n{said}"
    return cut(reply, MAX_REPLY - len(below)) + below
