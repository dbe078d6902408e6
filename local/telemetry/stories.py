"""How a story of the records plays out in telemetry: a short sequence of acts at times relative to its beginning."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from local.telemetry.behaviour import (
    Act,
    home_failure,
    home_login,
    story_api_call,
    story_charge,
    story_failure,
    story_login,
    usage,
)
from local.telemetry.profiles import Profile, Story

LEAST_FAILURES = 8
"""Fewer failed logins are one forgetful session, and no rule looks at them."""
BURST_CALLS = 40
"""How many events of a burst are played: enough within one minute, and not all of a feed."""
SIGNAL_OF_KIND = {
    "account_takeover": "login",
    "sim_swap": "login",
    "travel": "login",
    "stolen_card": "transaction",
    "gift_season": "transaction",
    "data_resale": "data_usage",
    "family_plan": "data_usage",
    "streaming_binge": "data_usage",
    "new_device": "auth_failure",
    "forgotten_password": "auth_failure",
    "subscription_abuse": "api_call",
}


@dataclass(frozen=True)
class Step:
    """One act, some time after the story began."""

    after: timedelta
    act: Act


def play(random: Random, profile: Profile, story: Story) -> tuple[Step, ...]:
    """The steps of `story`, in order of time; the first is at zero."""
    tellers = {
        "login": _far_login,
        "transaction": _spending,
        "data_usage": _usage,
        "auth_failure": _failures_at_home,
        "api_call": _api_burst,
    }
    return tuple(tellers.get(signal_of(story), _far_login)(random, profile, story))


def signal_of(story: Story) -> str:
    """The kind of event that gives the story away."""
    return story.signal or SIGNAL_OF_KIND.get(story.kind, "login")


def _minutes(minutes: float) -> timedelta:
    return timedelta(minutes=minutes)


def _far_login(random: Random, profile: Profile, story: Story) -> Iterator[Step]:
    """A login at home, and too soon after it one from where the story plays; before it, if it was forced, failures."""
    yield Step(_minutes(0), home_login(random, profile))
    at = 20.0
    if story.auth_failures:
        for _ in range(max(story.auth_failures, LEAST_FAILURES)):
            yield Step(_minutes(at), story_failure(story))
            at += 0.7
        at += 3
    yield Step(_minutes(at), story_login(story))
    for charge in story.charges:
        at += 8
        yield Step(_minutes(at), story_charge(charge))


def _spending(random: Random, profile: Profile, story: Story) -> Iterator[Step]:
    """The customer is at home, and somebody spends."""
    yield Step(_minutes(0), home_login(random, profile, _own(profile, story)))
    at = 10.0
    for charge in story.charges:
        yield Step(_minutes(at), story_charge(charge))
        at += 13


def _own(profile: Profile, story: Story) -> str | None:
    own = {device.device_id for device in profile.usual_devices}
    return story.device_id if story.device_id in own else None


def _usage(random: Random, profile: Profile, story: Story) -> Iterator[Step]:
    """A login, and a reading that holds the whole of such a day."""
    yield Step(_minutes(0), home_login(random, profile, _own(profile, story)))
    yield Step(_minutes(30), usage(story.gb or profile.daily_gb_typical * 6))


def _failures_at_home(random: Random, profile: Profile, story: Story) -> Iterator[Step]:
    """The customer cannot get in for a while, then does."""
    at = 0.0
    for _ in range(max(story.auth_failures, LEAST_FAILURES)):
        yield Step(_minutes(at), home_failure(random, profile, story.device_id))
        at += 0.6
    yield Step(_minutes(at + 3), home_login(random, profile, story.device_id))


def _api_burst(random: Random, profile: Profile, story: Story) -> Iterator[Step]:
    """A login on the story's device, then call upon call within one minute."""
    yield Step(_minutes(0), story_login(story))
    for number in range(BURST_CALLS):
        yield Step(_minutes(5) + timedelta(seconds=number), story_api_call(random, profile))
