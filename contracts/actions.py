"""Every action that a person can approve, declared once with all that other layers need to know about it.

An action is carried out as effects, one after another; a reversal undoes an effect. A write tool of the customer store
makes each of them. To add an action, declare it here; docs/architecture.md lists the other files.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

RecommendedAction = Literal["clear", "lock_account", "refund_charges", "lock_and_refund"]
EffectAction = Literal["lock_account", "refund_charges"]
ReversalAction = Literal["unlock_account", "reverse_refund"]
"""What undoes an effect."""

Disposition = Literal["confirmed_fraud", "false_positive", "inconclusive"]
"""What a case of fraud was, in the eyes of who decided."""

FourEyes = Literal["never", "always", "large_refund", "rated_critical"]
"""When an action takes two people: see `casebook/policy/four_eyes.py`."""
Fact = Literal["account", "charges"]
"""What an approval relies on: an account that nobody else has locked, or charges that can still be refunded."""


@dataclass(frozen=True)
class ActionSpec:
    """What an approval of an action means."""

    effects: tuple[EffectAction, ...]
    """In the order in which they happen."""
    outcome: str
    """How a case ends in which it was carried out."""
    four_eyes: FourEyes
    means: Disposition | None = None
    """What a case is taken to have been, in the eyes of one who approves it and does not say."""

    @property
    def facts(self) -> frozenset[Fact]:
        """What must still hold when it is carried out."""
        return frozenset(EFFECTS[effect].relies_on for effect in self.effects)

    @property
    def refunds(self) -> bool:
        """Whether it names charges, and what they add up to."""
        return not REFUNDS.isdisjoint(self.effects)


@dataclass(frozen=True)
class EffectSpec:
    """How an effect is made."""

    tool: str
    """The write tool of the customer store."""
    relies_on: Fact
    reversal: ReversalAction
    noun: str
    """What people call it: the lock."""
    done: str
    """A clause that tells people that it is done."""


@dataclass(frozen=True)
class ReversalSpec:
    """How an effect is reversed."""

    tool: str
    """The write tool of the customer store."""
    undone_key: str
    """The argument of the tool that names the effect, by its key."""


ACTIONS: Mapping[str, ActionSpec] = {
    "lock_account": ActionSpec(("lock_account",), "account_locked", "never", means="confirmed_fraud"),
    "refund_charges": ActionSpec(("refund_charges",), "charges_refunded", "large_refund", means="confirmed_fraud"),
    "lock_and_refund": ActionSpec(
        ("lock_account", "refund_charges"), "locked_and_refunded", "always", means="confirmed_fraud"
    ),
    "clear": ActionSpec((), "cleared", "rated_critical", means="false_positive"),
}
"""What people can approve in a case of fraud. What is left of one when its first effects are done is one again."""

RECOMMENDED: tuple[RecommendedAction, ...] = get_args(RecommendedAction)

EFFECTS: Mapping[EffectAction, EffectSpec] = {
    "lock_account": EffectSpec(
        tool="lock_account",
        relies_on="account",
        reversal="unlock_account",
        noun="lock",
        done="The account was locked",
    ),
    "refund_charges": EffectSpec(
        tool="refund_charges",
        relies_on="charges",
        reversal="reverse_refund",
        noun="refund",
        done="The charges were refunded",
    ),
}

REVERSALS: Mapping[ReversalAction, ReversalSpec] = {
    "unlock_account": ReversalSpec(tool="unlock_account", undone_key="lock_key"),
    "reverse_refund": ReversalSpec(tool="record_refund_reversal", undone_key="refund_key"),
}

LOCK: EffectAction = "lock_account"
"""The effect that several cases can have on one account: it lasts as long as one of their locks is active."""

WRITE_TOOLS = frozenset(spec.tool for spec in (*EFFECTS.values(), *REVERSALS.values()))
"""The tools that the worker must be allowed to call."""


REFUNDS: frozenset[str] = frozenset(effect for effect, spec in EFFECTS.items() if spec.relies_on == "charges")
"""The effects that charges, and what they add up to, are sent along with."""


def recommended(action: str) -> RecommendedAction:
    """The action of a case of fraud that has this name. Raises ValueError when it is another kind's."""
    for each in RECOMMENDED:
        if each == action:
            return each
    raise ValueError(f"'{action}' is no action of a case of fraud.")


def action_of(effects: Collection[str]) -> RecommendedAction:
    """The action that has these effects and no other. Raises StopIteration when there is none."""
    return next(action for action in RECOMMENDED if set(ACTIONS[action].effects) == set(effects))
