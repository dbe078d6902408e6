"""The sequence of events: two weeks of history first, then ordinary days in which a story begins now and then.

Deterministic: the same profiles, seed and clock readings give the same events. Per customer, time never runs
backwards, and no event lies in the future.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from random import Random

from contracts.telemetry import TelemetryEvent, telemetry_event
from local.telemetry.behaviour import (
    READINGS_A_DAY,
    Act,
    home_failure,
    home_login,
    ordinary_api_call,
    ordinary_charge,
    ordinary_usage,
)
from local.telemetry.profiles import Profile, Story
from local.telemetry.stories import play, signal_of

HISTORY_DAYS = 14
HISTORY_CHARGES = 14
HISTORY_LOGINS = 6
HISTORY_ENDS_BEFORE = timedelta(hours=4)
"""The history stops this long before the start, so that a story has room to have begun."""
FIRST_STORY_AT = 4
SECOND_STORY_AFTER = 3
"""Ordinary events between the end of the first story and the second one."""
EVENTS_PER_STORY = 40
SHOWN_FIRST = ("account_takeover", "travel")
"""The plainest fraud and the plainest innocent look-alike open the show."""


class Simulator:
    """Gives one event after the other. Not thread-safe."""

    def __init__(self, profiles: Sequence[Profile], *, seed: int, start: datetime) -> None:
        self._random = Random(seed)  # noqa: S311 # a simulation must be repeatable, not unguessable
        self._start = start
        self._count = 0
        self._last_at: dict[int, datetime] = {}
        self._ordinary = [profile for profile in profiles if profile.story is None] or list(profiles)
        self._tellable = [profile for profile in profiles if profile.story is not None]
        self._stories = deque(self._order_of_stories())
        self._running: deque[tuple[Profile, datetime, Act]] = deque()
        self._live_events = 0
        self._next_story_at = FIRST_STORY_AT
        self._stories_begun = 0

    def history(self) -> Iterator[TelemetryEvent]:
        """Past events of the customers who have a story: what detection compares the story with. Oldest first."""
        acts = [entry for profile in self._tellable for entry in self._past(profile)]
        for at, profile, act in sorted(acts, key=lambda entry: entry[0]):
            yield self._event(profile, at, act)

    def next_event(self, now: datetime) -> TelemetryEvent:
        """The next live event. `now` must not run backwards."""
        if not self._running and self._stories and self._live_events >= self._next_story_at:
            self._begin_story(now)
        self._live_events += 1
        if self._running:
            profile, at, act = self._running.popleft()
            if not self._running and self._stories_begun == 1:
                self._next_story_at = self._live_events + SECOND_STORY_AFTER
            return self._event(profile, at, act)
        profile = self._random.choice(self._ordinary)
        return self._event(profile, now, self._ordinary_act(profile))

    def _past(self, profile: Profile) -> Iterator[tuple[datetime, Profile, Act]]:
        random, signal = self._random, signal_of(_story(profile))
        until = self._start - HISTORY_ENDS_BEFORE
        span = timedelta(days=HISTORY_DAYS)
        for _ in range(HISTORY_LOGINS):
            yield until - span * random.random(), profile, home_login(random, profile)
        if signal == "transaction":
            for _ in range(HISTORY_CHARGES):
                yield until - span * random.random(), profile, ordinary_charge(random, profile)
        if signal == "data_usage":
            readings = HISTORY_DAYS * READINGS_A_DAY
            for number in range(readings):
                yield until - span * (number / readings), profile, ordinary_usage(random, profile)

    def _ordinary_act(self, profile: Profile) -> Act:
        acts = (home_login, ordinary_charge, ordinary_usage, ordinary_api_call, home_failure)
        (act,) = self._random.choices(acts, weights=(30, 25, 25, 17, 3))
        return act(self._random, profile)

    def _begin_story(self, now: datetime) -> None:
        """Lay the story's steps into the time that ends now, after all that the customer did before."""
        profile = self._stories.popleft()
        self._stories.append(profile)
        steps = play(self._random, profile, _story(profile))
        length = steps[-1].after
        begin = max(now - length, self._last_at.get(profile.customer_id, now - length))
        pace = (now - begin) / length if length else 0.0
        self._running.extend((profile, begin + step.after * pace, step.act) for step in steps)
        self._stories_begun += 1
        self._next_story_at = self._live_events + EVENTS_PER_STORY

    def _order_of_stories(self) -> Iterator[Profile]:
        """Fraud and innocence in turn, shuffled, the plainest of each first."""
        kinds = [
            self._shuffled([profile for profile in self._tellable if _story(profile).fraud is fraud])
            for fraud in (True, False)
        ]
        for pair in zip_longest(*kinds):
            yield from (profile for profile in pair if profile is not None)

    def _shuffled(self, profiles: list[Profile]) -> list[Profile]:
        self._random.shuffle(profiles)
        return sorted(profiles, key=lambda profile: _story(profile).kind not in SHOWN_FIRST)

    def _event(self, profile: Profile, at: datetime, act: Act) -> TelemetryEvent:
        at = max(at, self._last_at.get(profile.customer_id, at))
        self._last_at[profile.customer_id] = at
        self._count += 1
        return telemetry_event.validate_python(
            {
                "event_id": f"sim-{self._start:%Y%m%d%H%M%S}-{self._count}",
                "customer_id": profile.customer_id,
                "occurred_at": at,
                "kind": act.kind,
                "attributes": act.attributes,
            }
        )


def _story(profile: Profile) -> Story:
    assert profile.story is not None
    return profile.story
