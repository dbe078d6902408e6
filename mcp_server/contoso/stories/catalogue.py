"""All stories, and which customer gets which."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mcp_server.contoso.chance import chance
from mcp_server.contoso.draft import Draft
from mcp_server.contoso.plans import BASIC, MAX, PLUS, UNLIMITED, Plan
from mcp_server.contoso.stories import fraud, innocent
from mcp_server.records.profile import FraudKind, InnocentKind, Story

StoryKind = FraudKind | InnocentKind
STORIES_PER_KIND = 4
STORY_CUSTOMERS = range(1, 101)
"""Only these may have a story. Recordings use ids from 101 up: what they show should meet an ordinary history."""


@dataclass(frozen=True)
class StoryTemplate:
    """What writes a kind of story into a draft, and on which plans it makes sense (None: all)."""

    tell: Callable[[Draft], Story]
    plans: tuple[Plan, ...] | None = None


CATALOGUE: Mapping[StoryKind, StoryTemplate] = {
    "account_takeover": StoryTemplate(fraud.account_takeover),
    "stolen_card": StoryTemplate(fraud.stolen_card),
    "sim_swap": StoryTemplate(fraud.sim_swap),
    "subscription_abuse": StoryTemplate(fraud.subscription_abuse),
    "data_resale": StoryTemplate(fraud.data_resale, (BASIC, PLUS)),
    "travel": StoryTemplate(innocent.travel),
    "new_device": StoryTemplate(innocent.new_device),
    "gift_season": StoryTemplate(innocent.gift_season),
    "family_plan": StoryTemplate(innocent.family_plan, (BASIC, PLUS, MAX)),
    "streaming_binge": StoryTemplate(innocent.streaming_binge, (UNLIMITED,)),
    "forgotten_password": StoryTemplate(innocent.forgotten_password),
}


def cast(seed: int) -> Mapping[int, StoryKind]:
    """Which customer gets which story: every kind four times, the rest of the customers none."""
    kinds: list[StoryKind] = [kind for kind in CATALOGUE for _ in range(STORIES_PER_KIND)]
    chosen = chance("cast", seed).sample(STORY_CUSTOMERS, len(kinds))
    return dict(zip(chosen, kinds, strict=True))
