"""A reviewer's feedback to an earlier round: what to look at, and which facts it states."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from contracts.investigation import RememberedRound
from local.model.rules.conversation import Part

QUOTE_LENGTH = 140

_TOOLS_BY_WORDS: tuple[tuple[str, str], ...] = (
    (r"\btickets?\b|\bsupport\b|\bcontacted\b|\bcalled us\b|\bcomplain", "get_support_tickets"),
    (r"\borders?\b|\bpurchase|\bshipp|\bship\b|\bbought\b|\bdeliver", "get_orders"),
    (r"\binvoices?\b|\bpayments?\b|\boverdue\b|\bunpaid\b", "get_invoices"),
    (r"\broam|\bsubscriptions?\b|\bplans?\b|\bpackages?\b", "get_subscriptions"),
    (r"\blog-?ins?\b|\bdevices?\b|\bsecurity\b|\bpasswords?\b|\bmfa\b|\bsim\b|\bip\b|\baddress", "get_security_logs"),
    (r"\bcharges?\b|\btransactions?\b|\brefund|\bmerchants?\b|\bspend", "get_recent_charges"),
    (r"\busage\b|\bdata\b|\bgigabytes?\b|\bgb\b", "get_data_usage"),
    (r"\bpolic(y|ies)\b|\bknowledge\b|\barticles?\b|\bprocedures?\b|\bguid", "search_knowledge_base"),
    (r"\bbilling\b|\bbalance\b|\bautopay\b", "get_billing_summary"),
    (r"\btravel|\btrip\b|\bholiday\b|\bvacation\b|\bjourney\b|\babroad\b", "get_support_tickets"),
    (r"\btravel|\btrip\b|\bholiday\b|\bvacation\b|\bjourney\b|\babroad\b", "get_orders"),
    (r"\btravel|\btrip\b|\bholiday\b|\bvacation\b|\bjourney\b|\babroad\b", "get_subscriptions"),
    (r"\bprofile\b|\bhome\b|\bcustomer record\b", "get_customer"),
)
_LONGER = re.compile(
    r"\bolder\b|\bhistory\b|\bfurther back\b|\b90 days\b|\bthree months\b|\blonger\b|\bearlier\b", re.IGNORECASE
)

_WHO = r"(?:customer|client|card ?holder|account holder|subscriber|owner|she|he|they)"
_NEGATED = r"\b(?:did|does|do|has|have|had|was|were|is) ?(?:n['\u2019]t|not|never)\b"
_OWN_DOING = r"\b(?:recogni[sz]e|making|make|made|authori[sz]e|travel|order|abroad|them|theirs|her|him)"
_DENIED = re.compile(
    r"\bden(?:y|ies|ied)\b|\bunauthori[sz]ed\b|\bstolen\b|\bconfirmed fraud\b|\bfraud (?:is|was) confirmed\b"
    rf"|{_NEGATED}[^.;]{{0,30}}{_OWN_DOING}|\b{_WHO} never\b"
    r"|\bconfirm\w* (?:that )?(?:it|this) (?:is|was) (?:fraud|not)",
    re.IGNORECASE,
)
_NOT_CONFIRMED = re.compile(
    r"\b(?:not|n['\u2019]t|never|cannot|yet to|please|can you|could you|whether|if|unless|until)\b[^.;]{0,40}\bconfirm"
    r"|\bconfirm (?:whether|if|that|with)\b",
    re.IGNORECASE,
)
_CONFIRMED = re.compile(
    rf"\b{_WHO}\b[^.;]{{0,40}}\b(?:confirm(?:s|ed)|verified|acknowledge[sd]|recogni[sz]e[sd]?|admit(?:s|ted)"
    rf"|is travell?ing|was travell?ing|is on holiday|was on holiday|(?:says|said) (?:it|that|this|they|he|she))\b"
    rf"|\bconfirmed (?:by|with) the {_WHO}\b|\bspoke (?:to|with)\b[^.;]{{0,40}}\bconfirmed\b",
    re.IGNORECASE,
)
_SCOPES: tuple[tuple[str, tuple[Part, ...]], ...] = (
    (r"\btravel|\btrip\b|\bholiday\b|\bvacation\b|\bjourney\b|\babroad\b", ("location", "billing")),
    (r"\bcharges?\b|\btransactions?\b|\bpurchase|\border|\bpaid\b|\bpayments?\b|\bcard\b", ("billing",)),
    (r"\blog-?ins?\b|\blogged\b|\bdevices?\b|\bphone\b|\bpasswords?\b|\bsim\b", ("location",)),
    (r"\busage\b|\bdata\b|\bstream|\bapi\b|\bfamily\b|\bplan\b", ("usage",)),
)


@dataclass(frozen=True)
class StatedFact:
    """Something a reviewer knows: `confirmed` lowers the risk, `denied` raises it, for the parts it is about."""

    direction: Literal["confirmed", "denied"]
    parts: tuple[Part, ...]
    """Empty when it is about everything."""

    def concerns(self, part: Part) -> bool:
        """Whether `part` must take it into account."""
        return not self.parts or part in self.parts


@dataclass(frozen=True)
class Request:
    """One rejected round's feedback, understood."""

    round: int
    quote: str
    tools: tuple[str, ...]
    looks_further_back: bool
    fact: StatedFact | None


def read_feedback(memory: Sequence[RememberedRound]) -> tuple[Request, ...]:
    """The feedback of all earlier rounds, oldest first."""
    return tuple(understand(entry.round, entry.feedback) for entry in memory if entry.feedback)


def understand(round_number: int, feedback: str) -> Request:
    """What `feedback` asks for and states."""
    tools = (tool for pattern, tool in _TOOLS_BY_WORDS if re.search(pattern, feedback, re.IGNORECASE))
    return Request(
        round=round_number,
        quote=_quote(feedback),
        tools=tuple(dict.fromkeys(tools)),
        looks_further_back=bool(_LONGER.search(feedback)),
        fact=_stated_fact(feedback),
    )


def _quote(feedback: str) -> str:
    text = " ".join(feedback.split())
    if len(text) <= QUOTE_LENGTH:
        return text
    # Between words, so that no number is quoted in part.
    return text[: QUOTE_LENGTH - 1].rpartition(" ")[0] + "…"


def _stated_fact(feedback: str) -> StatedFact | None:
    """The last sentence that states something decides."""
    fact: StatedFact | None = None
    for sentence in re.split(r"(?<=[.;!?\n])\s+", feedback):
        if _DENIED.search(sentence):
            fact = StatedFact("denied", _scope(sentence))
        elif _CONFIRMED.search(sentence) and not _NOT_CONFIRMED.search(sentence) and not sentence.strip().endswith("?"):
            fact = StatedFact("confirmed", _scope(sentence))
    return fact


def _scope(sentence: str) -> tuple[Part, ...]:
    concerned: dict[Part, None] = {}
    for pattern, parts in _SCOPES:
        if re.search(pattern, sentence, re.IGNORECASE):
            concerned.update(dict.fromkeys(parts))
    return tuple(concerned)
