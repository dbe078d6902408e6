"""Orders back-tests once this release can judge by both versions, and tells what alerts were worth."""

from collections.abc import Callable, Mapping

from anyio import to_thread

from backend.detection.parameters import LearnedScore
from backend.lab.intervals import proportion
from backend.lab.options import LabOptions
from backend.lab.recordings import offered_recordings, recording_named
from backend.services.detection_rules import check_version, known_rule
from backend.services.errors import NoLiveTelemetry, NotBackTested, RecordingNotFound
from casebook.async_api import AsyncBackTests, AsyncDetectionRules
from casebook.errors import RuleVersionNotFound
from casebook.queries.back_tests import SAMPLED
from contracts.back_tests import (
    BackTest,
    BackTestList,
    BackTestSources,
    LiveTelemetry,
    NewBackTest,
    RulePrecision,
    VersionPrecision,
)

PRECISION_DAYS = 90
"""How far back alerts count for precision."""


class RuleLab:
    """What managers try rules with. Methods about a rule raise RuleNotFound."""

    def __init__(
        self,
        rules: AsyncDetectionRules,
        back_tests: AsyncBackTests,
        options: LabOptions,
        wake: Callable[[], None],
    ) -> None:
        self._rules = rules
        self._back_tests = back_tests
        self._options = options
        self._wake = wake

    async def sources(self) -> BackTestSources:
        """What a rule can be tried on."""
        recordings = await to_thread.run_sync(offered_recordings, self._options)
        return BackTestSources(recordings=recordings, live=self._options.live, live_problem=self._options.live_problem)

    async def order(self, rule_id: str, order: NewBackTest, actor: str) -> BackTest:
        """Try a version beside the one that is live, or that is live again when the rule is switched on.

        Raises RuleVersionNotFound, RuleContentInvalid where this release cannot judge by one of them,
        NotBackTested, RecordingNotFound, NoLiveTelemetry, BackTestExists, TooManyBackTests.
        """
        if rule_id == LearnedScore.RULE_ID:
            raise NotBackTested(rule_id)
        found = await self._rules.rule(known_rule(rule_id))
        live = 1 if found.rule is None else found.rule.live_version
        versions = {each.version: each.content for each in found.versions}
        for version in (order.version, live):
            if version in versions:
                check_version(rule_id, versions[version])
            elif found.rule is not None or version != 1:
                raise RuleVersionNotFound(rule_id, version)
        if isinstance(order.source, LiveTelemetry):
            if self._options.live is None:
                raise NoLiveTelemetry(self._options.live_problem or "There is no live telemetry.")
        elif await to_thread.run_sync(recording_named, self._options, order.source.recording) is None:
            raise RecordingNotFound(order.source.recording)
        back_test_id = await self._back_tests.request(rule_id, live, order, actor)
        self._wake()
        return await self._back_tests.back_test(back_test_id)

    async def cancel(self, back_test_id: str, actor: str) -> BackTest:
        """End one. Raises BackTestNotFound, BackTestEnded."""
        await self._back_tests.cancel(back_test_id, actor)
        return await self._back_tests.back_test(back_test_id)

    async def back_test(self, back_test_id: str) -> BackTest:
        """One with what it found. Raises BackTestNotFound."""
        return await self._back_tests.back_test(back_test_id)

    async def list_back_tests(self, rule_id: str) -> BackTestList:
        """Those of a rule, the newest first."""
        return await self._back_tests.list_back_tests(known_rule(rule_id))

    async def precision(self, rule_id: str) -> RulePrecision:
        """How often the versions of a rule were right, by the decisions of people."""
        found = await self._back_tests.opinions(known_rule(rule_id), PRECISION_DAYS)
        return RulePrecision(
            rule_id=rule_id,
            days=PRECISION_DAYS,
            versions=tuple(_precision(version, opinions) for version, opinions in found.versions),
            sampled=SAMPLED,
            counts=found.counts,
        )


def _precision(version: int, opinions: Mapping[str | None, int]) -> VersionPrecision:
    right, wrong = opinions.get("confirmed_fraud", 0), opinions.get("false_positive", 0)
    return VersionPrecision(
        version=version,
        precision=proportion(right, right + wrong),
        inconclusive=opinions.get("inconclusive", 0),
        undecided=opinions.get(None, 0),
    )
