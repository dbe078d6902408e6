"""From outcomes to figures: confusion, precision, recall, evidence, cost."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from contracts.actions import RecommendedAction
from tests.evaluation.outcome import Outcome, Run

ACTIONS: tuple[RecommendedAction, ...] = ("clear", "lock_account", "refund_charges", "lock_and_refund")
AUTO_CLEARED = "auto-cleared"
NOTHING = "nothing"


@dataclass(frozen=True)
class Share:
    """A count out of a total."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """From 0 to 1; None when there was nothing to count."""
        return self.count / self.of if self.of else None

    def __str__(self) -> str:
        return "-" if self.value is None else f"{self.value:.0%} ({self.count}/{self.of})"


@dataclass(frozen=True)
class PrecisionRecall:
    precision: Share
    recall: Share


@dataclass(frozen=True)
class Score:
    """The figures of a run, or of some of its outcomes."""

    outcomes: tuple[Outcome, ...]

    @property
    def right(self) -> Share:
        """Scenarios that went where they should, with the expected action if a fraud."""
        return self._share(self.outcomes, lambda each: each.right)

    @property
    def frauds_auto_cleared(self) -> tuple[str, ...]:
        """The failure that must never be."""
        return tuple(each.scenario for each in self.outcomes if each.fraud and each.auto_cleared)

    @property
    def auto_clear(self) -> PrecisionRecall:
        """Precision: how many auto-cleared cases were rightly so. Recall: of those that may be, how many were."""
        cleared = [each for each in self.outcomes if each.auto_cleared]
        may_be = [each for each in self.outcomes if each.may_auto_clear]
        return PrecisionRecall(
            self._share(cleared, lambda each: each.may_auto_clear), self._share(may_be, lambda each: each.auto_cleared)
        )

    @property
    def innocents_auto_cleared(self) -> Share:
        """Of all cases that are no fraud, those in which a person is needed included."""
        return self._share([each for each in self.outcomes if not each.fraud], lambda each: each.auto_cleared)

    def action(self, action: RecommendedAction) -> PrecisionRecall:
        """Of the recommendations to take `action`, how many were right; of the cases that need it, how many got it."""
        recommended = [each for each in self.outcomes if each.action == action]
        needing = [each for each in self.outcomes if each.expected == action]
        return PrecisionRecall(
            self._share(recommended, lambda each: each.expected == action),
            self._share(needing, lambda each: each.action == action),
        )

    @property
    def evidence_recall(self) -> Share:
        """Of all evidence that must be cited, how much was."""
        wanted = sum(each.evidence_wanted for each in self.outcomes)
        return Share(wanted - sum(len(each.evidence_missing) for each in self.outcomes), wanted)

    @property
    def refunds(self) -> PrecisionRecall:
        """Of the charges that would be refunded, how many should be; of those that should, how many would."""
        wrong = sum(len(each.refunds_wrong) for each in self.outcomes)
        missing = sum(len(each.refunds_missing) for each in self.outcomes)
        right = sum(each.refunds_right for each in self.outcomes)
        return PrecisionRecall(Share(right, right + wrong), Share(right, right + missing))

    @property
    def unsupported(self) -> Share:
        """Findings that rest on nothing, of all findings."""
        findings = sum(len(heard.findings) for each in self.outcomes for heard in each.heard)
        return Share(sum(each.unsupported for each in self.outcomes), findings)

    @property
    def opinions(self) -> Share:
        """Assessments whose reasoning states what was not shown, of all assessments."""
        return self._share(self.outcomes, lambda each: each.opinion is not None)

    @property
    def not_heard(self) -> int:
        """Reports that were not `ok`."""
        return sum(heard.status != "ok" for each in self.outcomes for heard in each.heard)

    @property
    def model_calls(self) -> int:
        """Calls of all agents together."""
        return sum(each.model_calls for each in self.outcomes)

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens of all calls."""
        return sum(each.tokens for each in self.outcomes)

    @property
    def seconds_per_case(self) -> float:
        """The mean time from alert to assessment, while others ran beside it."""
        return sum(each.seconds for each in self.outcomes) / max(len(self.outcomes), 1)

    def confusion(self) -> dict[tuple[RecommendedAction, str], int]:
        """How many cases by the expected action and by the result: AUTO_CLEARED, an action, or NOTHING."""
        table: dict[tuple[RecommendedAction, str], int] = {
            (expected, came): 0 for expected in ACTIONS for came in (AUTO_CLEARED, *ACTIONS, NOTHING)
        }
        for each in self.outcomes:
            table[each.expected, AUTO_CLEARED if each.auto_cleared else each.action or NOTHING] += 1
        return table

    def by_kind(self) -> dict[str, "Score"]:
        """The same for each kind of scenario, in alphabetical order."""
        kinds = sorted({each.kind for each in self.outcomes})
        return {kind: Score(tuple(each for each in self.outcomes if each.kind == kind)) for kind in kinds}

    @staticmethod
    def _share(outcomes: Iterable[Outcome], holds: Callable[[Outcome], bool]) -> Share:
        judged = [holds(each) for each in outcomes]
        return Share(sum(judged), len(judged))


@dataclass(frozen=True)
class Change:
    """How one scenario changed between two runs, in words; `better` is None when it is neither better nor worse."""

    scenario: str
    what: str
    better: bool | None


def compare(old: Run, new: Run) -> tuple[Change, ...]:
    """Every scenario of both runs whose result differs, and those that only one of them has."""
    before = {each.scenario: each for each in old.outcomes}
    after = {each.scenario: each for each in new.outcomes}
    changes = [change for name in before if name in after if (change := _change(before[name], after[name]))]
    changes += [Change(name, "only in the first run", None) for name in before if name not in after]
    changes += [Change(name, "only in the second run", None) for name in after if name not in before]
    return tuple(changes)


def _change(old: Outcome, new: Outcome) -> Change | None:
    differences = [*_verdicts(old, new), *_details(old, new)]
    if not differences:
        return None
    merits = _merit(new), _merit(old)
    better = None if merits[0] == merits[1] else merits[0] > merits[1]
    return Change(new.scenario, "; ".join(differences), better)


def _merit(outcome: Outcome) -> tuple[bool, bool, int, int, int]:
    """What counts, most important first: no fraud cleared, the right end, then evidence, refunds and grounding."""
    refund_faults = len(outcome.refunds_missing) + len(outcome.refunds_wrong)
    return (
        not (outcome.fraud and outcome.auto_cleared),
        outcome.right,
        -len(outcome.evidence_missing),
        -refund_faults,
        -outcome.unsupported,
    )


def _verdicts(old: Outcome, new: Outcome) -> Sequence[str]:
    ends = [AUTO_CLEARED if each.auto_cleared else f"a person, {each.action}" for each in (old, new)]
    return [] if ends[0] == ends[1] else [f"{ends[0]} → {ends[1]} (expected {new.expected})"]


def _details(old: Outcome, new: Outcome) -> Sequence[str]:
    counted: tuple[tuple[str, Callable[[Outcome], int]], ...] = (
        ("evidence missing", lambda each: len(each.evidence_missing)),
        ("refunds missing", lambda each: len(each.refunds_missing)),
        ("wrong refunds", lambda each: len(each.refunds_wrong)),
        ("unsupported findings", lambda each: each.unsupported),
    )
    return [f"{name} {count(old)} → {count(new)}" for name, count in counted if count(old) != count(new)]
