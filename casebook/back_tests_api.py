"""The facade of the rule lab: for managers who try rules, for who runs back-tests, and for what alerts were worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from casebook.commands import back_tests as commands
from casebook.commands.back_tests import BackTestProgress
from casebook.facade import Facade
from casebook.queries import back_tests as queries
from casebook.queries.back_tests import Order
from casebook.queries.detection_rules import day_of, read_counts
from contracts.back_tests import BackTest, BackTestList, BackTestResult, BackTestState, NewBackTest
from contracts.detection_rules import SignalCount


@dataclass(frozen=True)
class RuleOpinions:
    """How the cases of a rule's alerts were closed, and what was counted, in the last days."""

    versions: tuple[tuple[int, dict[str | None, int]], ...]
    """Versions that alerted, the newest first, with their alerts by disposition."""
    counts: tuple[SignalCount, ...]


class BackTestsApi(Facade):
    """One transaction per method, from any thread. What people order is in the desk log, under `actor`.

    CasebookUnavailable: the database failed, nothing was written.
    """

    def request(self, rule_id: str, compared_with: int, order: NewBackTest, actor: str) -> str:
        """Let a back-test wait for its turn; its id. Raises BackTestExists, TooManyBackTests."""
        with self._write_apart() as connection:
            return commands.request_back_test(connection, rule_id, compared_with, order, actor, self._clock())

    def cancel(self, back_test_id: str, actor: str) -> None:
        """End one. Raises BackTestNotFound, BackTestEnded."""
        with self._write_apart() as connection:
            commands.cancel_back_test(connection, back_test_id, actor, self._clock())

    def back_test(self, back_test_id: str) -> BackTest:
        """One with what it found. Raises BackTestNotFound."""
        with self._read() as connection:
            return queries.read_back_test(connection, back_test_id)

    def list_back_tests(self, rule_id: str) -> BackTestList:
        """Those of a rule, the newest first, without what they found."""
        with self._read() as connection:
            return queries.list_back_tests(connection, rule_id)

    def opinions(self, rule_id: str, days: int) -> RuleOpinions:
        """How the cases of the newest alerts were closed, of each version that alerted in the last days."""
        with self._read() as connection:
            now = self._clock()
            since = now - timedelta(days=days)
            versions = queries.versions_that_alerted(connection, rule_id, since)
            opinions = [(each, queries.count_opinions(connection, rule_id, each, since)) for each in versions]
            first_day = day_of(now - timedelta(days=days - 1))
            return RuleOpinions(tuple(opinions), read_counts(connection, first_day, rule_id))

    # For who runs them

    def has_work(self) -> bool:
        """Whether one waits or runs."""
        with self._read() as connection:
            return queries.has_work(connection)

    def take_next(self, owner: str) -> str | None:
        """The one that waits longest, for `owner` to run. None: there is none, or another runs."""
        with self._write_apart() as connection:
            return commands.take_next(connection, owner, self._clock())

    def begin(self, back_test_id: str, owner: str, rules_revision: int) -> Order:
        """Say by which settings of detection it is judged."""
        with self._write_apart() as connection:
            return commands.begin(connection, back_test_id, owner, rules_revision, self._clock())

    def report(self, back_test_id: str, owner: str, progress: BackTestProgress) -> Order:
        """Say how far it is; often enough, or it counts as interrupted."""
        with self._write_apart() as connection:
            return commands.report(connection, back_test_id, owner, progress, self._clock())

    def order(self, back_test_id: str, owner: str) -> Order:
        """What the process of `owner` should do: for who started it, and sees to it that it does. `lost` also where it
        has said nothing for the length of its lease."""
        with self._read() as connection:
            return queries.read_order(connection, back_test_id, owner, self._clock())

    def end(
        self,
        back_test_id: str,
        owner: str,
        state: BackTestState,
        *,
        problem: str | None = None,
        result: BackTestResult | None = None,
    ) -> bool:
        """Put the end on record. False: it is not theirs any more."""
        with self._write_apart() as connection:
            return commands.end(connection, back_test_id, owner, state, self._clock(), problem=problem, result=result)

    def opinions_of(self, alert_ids: Sequence[str]) -> dict[str, bool]:
        """Which of these alerts people confirmed as fraud, and which they closed as false positives."""
        with self._read() as connection:
            return queries.opinions_of(connection, alert_ids)
