"""Waits for the decision on one review.

Anybody who reaches the scheduler can raise its event, so an event only wakes the case: the decision is read from
the casebook. After events without a decision the casebook is read less and less often: thousands of them must neither
end the wait, nor move its deadline, nor make the history grow with each.
"""

from datetime import datetime, timedelta
from typing import Any

from durabletask import task

from contracts.ids import review_id
from contracts.review import ReviewRequest
from contracts.steps import ReadDecisionInput, Reminder, TakenDecision
from worker.orchestrations import activity_stubs
from worker.orchestrations.activity_stubs import Orchestration
from worker.orchestrations.case import OpenCase, now

LOOKS_AT_ONCE = 20
"""After this many false events the casebook is read at once; after later ones with growing pauses."""
FOLLOWS_AT_MOST = 5
"""How many times a decision on record is followed again: half a minute."""
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=5)


class EventWithoutRecord(Exception):
    """The record does not confirm what was announced to a case, which cannot continue with it."""

    def __init__(self) -> None:
        super().__init__("The record refuses what follows from a decision, again and again.")


class DecisionInbox:
    """The external event of one review. A wait that a deadline interrupts is resumed afterwards: no event is missed."""

    def __init__(self, ctx: task.OrchestrationContext, case: OpenCase, round_number: int) -> None:
        self._ctx = ctx
        self._case = case
        self._round = round_number
        self._next = activity_stubs.wait_for_decision(ctx, round_number)
        self._looks_left = LOOKS_AT_ONCE
        self._follows_left = FOLLOWS_AT_MOST
        self._pause = FIRST_PAUSE

    def wait(self, review: ReviewRequest) -> Orchestration[TakenDecision | None]:
        """The decision on `review`, or None once its deadline has passed. Raises Refused when nobody is asked that.

        On the way there those who could decide are reminded, when the review says so.
        """
        deadline = self._ctx.create_timer(review.due_at)
        remind_at = review.remind_at or review.due_at
        reminder = None if review.remind_at is None else self._ctx.create_timer(remind_at)
        pause: task.CancellableTask[None] | None = None
        while True:
            woken_by: task.Task[Any] = self._next if pause is None else pause
            waiting: list[task.Task[Any]] = [woken_by, deadline, *([] if reminder is None else [reminder])]
            winner: task.Task[Any] = yield task.when_any(waiting)
            if winner is deadline:
                return None
            if winner is reminder:
                reminder = None
                yield from self._remind(review, remind_at)
                continue
            if winner is pause:
                pause = None
                continue
            try:
                decision = yield from self._recorded(self._take_all())
            except (activity_stubs.AlertsJoined, activity_stubs.CaseMerged, activity_stubs.ConversationMoved):
                _cancel(deadline, reminder)
                raise
            if decision is not None:
                _cancel(deadline, reminder)
                return decision
            pause = self._rest_if_misled(review)

    def look_again(self) -> Orchestration[TakenDecision | None]:
        """The decision on record, after a pause that is twice as long as the one before it.

        Raises EventWithoutRecord when it was found so often, and the next step was refused each time: this
        orchestration must have wrong data about its case. A new one reads the record again.
        """
        yield self._rest()
        try:
            decision = yield from self._recorded(announced=0)
        except activity_stubs.Refused:
            return None
        self._follows_left -= decision is not None
        if self._follows_left < 0:
            raise EventWithoutRecord
        return decision

    def _recorded(self, announced: int) -> Orchestration[TakenDecision | None]:
        case_id = self._case.case_id
        wanted = review_id(case_id, self._round)
        reading = ReadDecisionInput(case_id=case_id, review_id=wanted, announced=announced)
        return (yield from activity_stubs.read_decision(self._ctx, reading))

    def _take_all(self) -> int:
        """Take every event that has arrived, whatever it carries, and count them."""
        taken = 0
        while self._next.is_complete:
            taken += 1
            self._next = activity_stubs.wait_for_decision(self._ctx, self._round)
        return taken

    def _rest_if_misled(self, review: ReviewRequest) -> task.CancellableTask[None] | None:
        """Until when not to look again; None as long as there were few false announcements."""
        self._looks_left -= 1
        return self._rest(review.due_at) if self._looks_left < 0 else None

    def _rest(self, latest: datetime | None = None) -> task.CancellableTask[None]:
        until = now(self._ctx) + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        return self._ctx.create_timer(until if latest is None else min(until, latest))

    def _remind(self, review: ReviewRequest, remind_at: datetime) -> Orchestration[None]:
        order = Reminder(case_id=self._case.case_id, review_id=review.review_id, at=remind_at)
        try:
            yield from activity_stubs.remind_review(self._ctx, order)
        except task.TaskFailedError:
            return  # The question remains open without it.


def _cancel(*timers: task.CancellableTask[None] | None) -> None:
    for timer in timers:
        if timer is not None:
            timer.cancel()
