"""The outbox: what the casebook has accepted reaches the scheduler, whatever crashes in between."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial

from backend.services.delivery_acks import DeliveryAcks
from backend.services.errors import SchedulerUnavailable, StartRefused
from backend.services.recovery import OVER, FailedOrchestrations, ended, refused
from backend.services.retries import Retries
from backend.services.scheduler import InstanceState, InstanceUnknown, Scheduler
from casebook.async_api import AsyncRelay
from casebook.database.transactions import utc_now
from casebook.errors import CasebookUnavailable
from contracts.case import CaseState, CaseSummary
from contracts.effect import EffectStatus
from contracts.ids import parse_review_id
from contracts.names import INVESTIGATION, REVERSAL
from contracts.reversal import Reversal
from contracts.review import Decision
from runtime.backoff import Backoff, Pauses

log = logging.getLogger("casewright.relay")

PAGE = 100
RETRY = Backoff(first_s=0.25, longest_s=5.0)
SWEEP_S = 5.0
"""How often to look, unasked, for what another process left behind."""
HOLDING_S = 0.5
"""How often to look whether there is room for those that wait to be investigated."""
STALLED_AFTER = timedelta(minutes=10)
"""A case with which nothing has happened for so long takes up no room: the others must not wait for it."""
INVESTIGATIONS_AT_ONCE = 100
UNMOVED = timedelta(seconds=30)
"""So long an orchestration takes at the most to move on after a question was put, or answered."""
WATCHED = 50
"""How many open cases to look at each time: few, so that thousands that wait for a person cost little."""

_OPEN_STATES: tuple[CaseState, ...] = ("investigating", "awaiting_review", "escalated", "acting")
_UNSETTLED: tuple[EffectStatus, ...] = ("pending", "unknown")
_ASKING = ("awaiting_review", "escalated")


class OutboxRelay:
    """Starts the investigations and reversals, and delivers the decisions, that the scheduler has not been told of.

    Every step may be repeated: the scheduler starts an instance once, and a round consumes one decision.
    What a scheduler that otherwise answers refuses is put off, so that it holds up nothing else. A case whose
    orchestration is over, or cannot even be started, is handed to a person.
    Of a flood, no more than `at_once` cases are investigated at a time, oldest first: else each would wait for all.
    """

    def __init__(
        self,
        record: AsyncRelay,
        scheduler: Scheduler,
        clock: Callable[[], float] = time.monotonic,
        *,
        at_once: int = INVESTIGATIONS_AT_ONCE,
    ) -> None:
        self.acks = DeliveryAcks(record)
        """What the scheduler has, and the casebook does not yet know. `run` of both must be running."""
        self.failed = FailedOrchestrations(record)
        self._record = record
        self._scheduler = scheduler
        self._woken = asyncio.Event()
        self._recovery_due = True
        self._canary: str | None = None
        self._retries = Retries(clock)
        self._unrecovered: set[str] = set()
        self._clock = clock
        self._watch_due = clock() + SWEEP_S
        self._watching: tuple[int, str | None] = (0, None)
        self._reversals_watched = 0
        self._in_hand: dict[str, asyncio.Task[None]] = {}
        self._at_once = at_once
        self._room = at_once
        self._holding = False

    def wake(self) -> None:
        """There is work."""
        self._woken.set()

    def take_room(self) -> bool:
        """Whether a case that was just opened may be started now, and then takes its room; else it waits its turn."""
        if self._holding:
            return False
        if not self._room:
            self.wake()
            return False
        self._room -= 1
        return True

    def confirm_start(self, case: str) -> None:
        """The scheduler has just taken this case. Should it not know it later, it has lost its memory."""
        self.acks.add_scheduled(case)
        if self._canary is None:
            self._canary = case

    def deliver_now(self, decision: Decision) -> None:
        """Tell the orchestration at once of a decision that was just accepted. What fails is left to the sweep."""
        item = decision.review_id
        if item not in self._in_hand:
            self._in_hand[item] = asyncio.create_task(self._deliver_one(decision), name=f"deliver {item}")

    async def _deliver_one(self, decision: Decision) -> None:
        try:
            await self._hand_over(decision)
        except (SchedulerUnavailable, CasebookUnavailable):
            # It tries until it works, and says so.
            self.wake()
        finally:
            del self._in_hand[decision.review_id]
        if self._recovery_due:
            self.wake()

    async def run(self) -> None:
        """Relay until cancelled. What cannot be reached is tried again, ever more slowly, and complained of once."""
        pauses = Pauses(RETRY)
        while True:
            self._woken.clear()
            try:
                await self.sweep()
            except (SchedulerUnavailable, CasebookUnavailable) as error:
                if not pauses.failures:
                    log.warning("%s It is tried again until it works.", error)
                await asyncio.sleep(pauses.next_s())
                continue
            if pauses.failures:
                log.info("the scheduler has all that it missed")
                pauses.reset()
            await self._rest()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(HOLDING_S if self._holding else SWEEP_S):
                await self._woken.wait()
        except TimeoutError:
            return

    async def sweep(self) -> None:
        """Start and deliver all that waits and is due. Raises SchedulerUnavailable, CasebookUnavailable."""
        # Whoever decided waits to see what comes of it.
        await self._deliver_waiting()
        await self._start_waiting()
        await self._start_reversals()
        if self._recovery_due or await self._memory_is_lost():
            self._recovery_due = True
            await self.recover()
            self._recovery_due = False
        else:
            for case in sorted(self._unrecovered):
                await self._recover_case(case)
        if self._clock() >= self._watch_due:
            await self._watch()
            await self._watch_reversals()
            self._watch_due = self._clock() + SWEEP_S

    async def recover(self) -> None:
        """Bring the scheduler up to date with every open case: it may have lost some, or missed a decision.

        Thousands wait for a person: one that goes on and was never decided lacks nothing, and costs a row of a page.
        """
        self._canary = None
        self._unrecovered.clear()
        living = await self._scheduler.living()
        async for page in self._open_cases():
            decided = await self._record.decided_among(page)
            for case in page:
                if case in living and case not in decided:
                    self._canary = case
                else:
                    await self._recover_case(case, again=True)
        # Their cases are mostly closed, and are not looked at otherwise.
        for reversal in await self._record.unfinished_reversals():
            await self._attempt(reversal.reversal_id, partial(self._look_at_reversal, reversal))

    async def _watch(self) -> None:
        """Look at a few more open cases: nobody else tells of an orchestration that was lost or ended from outside."""
        left = WATCHED
        for _ in _OPEN_STATES:
            state, cursor = self._watching
            page = await self._record.cases_in(_OPEN_STATES[state], limit=left, cursor=cursor)
            for summary in page.items:
                await self._attempt(summary.case_id, partial(self._look_after, summary))
            following = state if page.next_cursor else (state + 1) % len(_OPEN_STATES)
            self._watching = (following, page.next_cursor)
            if self._watching == (0, None):
                self.failed.end_round()
            left -= len(page.items)
            if not left:
                return

    async def _look_after(self, case: CaseSummary) -> None:
        """Look at a case; wake one that waits for an answer although nobody is being asked.

        It was told that a question was put, or nothing of its answer. What is so it reads from the record.
        """
        state = await self._look_at(case.case_id)
        progress = None if state is None else state.custom_status
        if state is None or progress is None or progress.phase not in _ASKING or case.due_at is not None:
            return
        if utc_now() - state.last_updated_at < UNMOVED:
            return
        if not await self._deliver_missed(case.case_id, state):
            await self._scheduler.wake(case.case_id, progress.round)
        log.warning("%s waits for an answer although nobody is being asked: it is told to look.", case.case_id)

    async def _watch_reversals(self) -> None:
        """Look at a few approved reversals: one that is over in the scheduler would be in the way of another."""
        unfinished = await self._record.unfinished_reversals()
        for _ in range(min(WATCHED, len(unfinished))):
            self._reversals_watched = (self._reversals_watched + 1) % len(unfinished)
            reversal = unfinished[self._reversals_watched]
            await self._attempt(reversal.reversal_id, partial(self._look_at_reversal, reversal))

    async def _look_at_reversal(self, reversal: Reversal) -> None:
        """A lost orchestration is started again; one that is over ends the reversal, loudly."""
        state = await self._scheduler.state_of(reversal.reversal_id)
        if state is None:
            await self._start_reversal(reversal)
        elif state.runtime_status in OVER:
            await self._give_up(reversal, ended("reversal", state))
        else:
            await self._goes_on(reversal.reversal_id, REVERSAL, state)

    async def _goes_on(self, item: str, orchestration: str, state: InstanceState) -> bool:
        """Whether an instance does the work that its id stands for. One that was suspended is resumed; another one
        that somebody started under this id is ended, so that its place is free.
        """
        if state.name != orchestration:
            log.error("%s is taken by an instance of '%s' in the scheduler: it is ended.", item, state.name)
            await self._scheduler.terminate(item)
            return False
        if state.runtime_status == "SUSPENDED":
            log.error("%s was suspended in the scheduler, where nothing reaches it: it is resumed.", item)
            await self._scheduler.resume(item)
        return True

    async def _start_reversal(self, reversal: Reversal) -> None:
        try:
            await self._scheduler.start_reversal(reversal)
        except StartRefused as refusal:
            await self._give_up(reversal, refused("reversal", refusal))
            raise

    async def _give_up(self, reversal: Reversal, reason: str) -> None:
        failed = await self._record.fail_reversal(reversal.case_id, reversal.reversal_id, reason)
        if failed is None:
            return
        log.error("%s is given up, and can be asked for anew. %s", failed.reversal_id, reason)
        if failed.effect is not None and failed.effect.status in _UNSETTLED:
            key = failed.effect.key
            log.error("%s: it is not known what came of %s: look at the customer's records.", failed.case_id, key)

    async def _hand_over_case(self, case: str, reason: str, *, again: bool = False, unstarted: bool = False) -> None:
        if await self.failed.hand_over(case, reason, again=again, unstarted=unstarted):
            self.wake()

    async def _attempt(self, item: str, act: Callable[[], Awaitable[object]]) -> bool:
        """Whether it worked; not before it is due. Raises SchedulerUnavailable when nothing would have worked.

        One that breaks the relay itself waits like one that is refused: it must not hold up all others.
        """
        if not self._retries.is_due(item):
            return False
        try:
            await act()
        except (SchedulerUnavailable, InstanceUnknown) as error:
            await self._scheduler.probe()
            if self._retries.postpone(item):
                why = error.reason if isinstance(error, SchedulerUnavailable) else error
                log.error(
                    "%s is refused by the scheduler and tried again now and then; the others go on. %s", item, why
                )
            return False
        except CasebookUnavailable:
            raise
        except Exception:
            if self._retries.postpone(item):
                log.exception("%s cannot be seen to, and is tried again now and then; the others go on.", item)
            return False
        self._retries.forget(item)
        return True

    async def _start_waiting(self) -> None:
        busy = await self._record.under_investigation(STALLED_AFTER)
        self._room = max(0, self._at_once - busy - self.acks.starts)
        is_held = await self._start_while_there_is_room()
        if is_held and not self._holding:
            log.warning("%d cases are being investigated: the others wait for their turn.", self._at_once)
        elif self._holding and not is_held:
            log.info("no case waits for its turn any more")
        self._holding = is_held

    async def _start_while_there_is_room(self) -> bool:
        """Whether a case had to be left waiting."""
        last: str | None = None
        while waiting := await self._unscheduled(last):
            for last in waiting:
                if last in self.acks:
                    continue
                if not self._room:
                    await self.acks.write()
                    return True
                if await self._attempt(last, partial(self._start, last)):
                    self._room -= 1
                    self.confirm_start(last)
                    log.info("%s started", last)
            await self.acks.write()
        return False

    async def _start(self, case: str) -> None:
        """Start an investigation, or go on with one that broke. To be refused for good counts as a break."""
        try:
            await self._scheduler.start_investigation(case)
        except StartRefused as refusal:
            await self._hand_over_case(case, refused("investigation", refusal), unstarted=True)
            raise

    async def _unscheduled(self, after: str | None) -> list[str]:
        # One more than there is room for shows that some must wait.
        limit = min(PAGE, self._room + 1)
        return await self._record.unscheduled_cases(limit, after=after)

    async def _deliver_waiting(self) -> None:
        last: str | None = None
        while waiting := await self._record.undelivered_decisions(PAGE, after=last):
            for decision in waiting:
                last = decision.review_id
                if last not in self.acks and last not in self._in_hand:
                    await self._hand_over(decision)
            await self.acks.write()

    async def _hand_over(self, decision: Decision) -> None:
        item = decision.review_id
        if await self._attempt(item, partial(self._deliver, decision)):
            self.acks.add_delivered(item)
            log.info("%s: decision delivered", item)

    async def _start_reversals(self) -> None:
        last: str | None = None
        while waiting := await self._record.unscheduled_reversals(PAGE, after=last):
            for reversal in waiting:
                last = reversal.reversal_id
                if await self._attempt(last, partial(self._start_reversal, reversal)):
                    await self._record.mark_reversal_scheduled(last)
                    log.info("%s started", last)

    async def _recover_case(self, case: str, *, again: bool = False) -> None:
        if await self._attempt(case, partial(self._bring_back, case, again=again)):
            self._unrecovered.discard(case)
        else:
            self._unrecovered.add(case)

    async def _bring_back(self, case: str, *, again: bool) -> None:
        state = await self._look_at(case, again=again)
        if state is not None:
            self._canary = case
            await self._deliver_missed(case, state)

    async def _look_at(self, case: str, *, again: bool = False) -> InstanceState | None:
        """The state of an orchestration that goes on; a lost one is started again, the case of a dead one handed over.

        `again`: also when it broke so often that it no longer goes on by itself.
        """
        state = await self._scheduler.state_of(case)
        if state is None:
            if await self._record.is_scheduled(case):
                await self._bring_back_lost(case, again=again)
            return None
        if state.runtime_status in OVER:
            await self._hand_over_case(case, ended("investigation", state), again=again)
            return None
        if not await self._goes_on(case, INVESTIGATION, state):
            return None
        self.failed.goes_on(case)
        return state

    async def _bring_back_lost(self, case: str, *, again: bool) -> None:
        if not again and await self.failed.is_resting(case):
            return
        log.warning("%s is unknown to the scheduler: starting it again", case)
        with suppress(StartRefused):
            # Then it was handed over, which says whether it is tried again.
            await self._restart(case)

    async def _deliver(self, decision: Decision) -> None:
        case, _ = parse_review_id(decision.review_id)
        try:
            await self._scheduler.deliver(decision)
        except InstanceUnknown:
            # If it forgot this one, it will have forgotten others.
            self._recovery_due = True
            await self._restart(case)
        else:
            if case in self.failed.stalled:
                # Now that a person has decided it goes on, and nobody waits for the next look.
                await self._look_at(case)

    async def _restart(self, case: str) -> None:
        """Start a lost investigation again and tell it all that was decided: it repeats what it did, without paying."""
        view = await self._record.get_case(case)
        if view.state == "closed":
            return
        await self._start(case)
        self._canary = case
        for decision in view.decisions:
            await self._scheduler.deliver(decision)

    async def _deliver_missed(self, case: str, state: InstanceState) -> bool:
        """A restart may have been cut off before the decisions followed: then the case waits for one that exists.

        Whether it does.
        """
        progress = state.custom_status
        if progress is None or progress.phase not in _ASKING:
            return False
        view = await self._record.get_case(case)
        missed = [each for each in view.decisions if parse_review_id(each.review_id)[1] == progress.round]
        for decision in missed:
            await self._scheduler.deliver(decision)
        return bool(missed)

    async def _memory_is_lost(self) -> bool:
        """Whether the scheduler forgot an orchestration that it is known to have had."""
        if self._canary is None:
            return False
        try:
            return await self._scheduler.state_of(self._canary) is None
        except Exception:
            # Of one that cannot be read nothing is known: another will do. Raises when none can be asked for.
            await self._scheduler.probe()
            self._canary = None
            return False

    async def _open_cases(self) -> AsyncGenerator[list[str]]:
        for state in _OPEN_STATES:
            cursor: str | None = None
            while True:
                page = await self._record.cases_in(state, limit=PAGE, cursor=cursor)
                yield [summary.case_id for summary in page.items]
                cursor = page.next_cursor
                if cursor is None:
                    break
