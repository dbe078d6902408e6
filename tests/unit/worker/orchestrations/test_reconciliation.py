"""Effects in doubt: looked up ever less often, for a limited time, and never given up silently."""

from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from contracts.effect import EffectStatus
from tests.unit.worker.support.case_script import CaseScript
from tests.unit.worker.support.cases import a_policy, a_reversal_order
from tests.unit.worker.support.lab import Lab
from worker.orchestrations import reconciliation

SOON_H = 0.0002


def test_action_that_always_fails_is_looked_up_until_known(lab: Lab) -> None:
    case = lab.start(CaseScript(action_fails=True, reconciled=["unknown", "unknown"]))

    case.decide(case.script.opening(), "lock_account")

    assert case.outcome() == "account_locked"
    assert len(case.script.orders) == 3
    assert [look.last for look in case.script.looks] == [False] * 3
    assert all(look.order == case.script.orders[0] for look in case.script.looks)


def test_case_shows_that_it_acts_while_nobody_knows(lab: Lab) -> None:
    case = lab.start(CaseScript(action_fails=True, reconciled=["unknown"] * 4))
    case.script.may_find.clear()

    case.decide(case.script.opening(), "lock_account")
    progress = case.progress_when(lambda shown: shown.phase == "acting" and bool(case.script.looks))
    case.script.may_find.set()

    assert progress.outcome is None
    assert case.outcome() == "account_locked"


def test_effect_found_failed_ends_the_case_as_failed(lab: Lab) -> None:
    case = lab.start(CaseScript(action_fails=True, reconciled=["unknown", "failed"]))

    case.decide(case.script.opening(), "lock_account")

    assert case.outcome() == "failed"


def test_after_the_time_for_looking_case_closes_as_failed(lab: Lab) -> None:
    doubt: list[EffectStatus] = ["unknown"] * 100
    case = lab.start(CaseScript(action_fails=True, reconciled=doubt, policy=a_policy(reconcile_hours=SOON_H)))

    case.decide(case.script.opening(), "lock_account")

    assert case.outcome() == "failed"
    assert case.script.outcomes == ["failed"]
    assert [look.last for look in case.script.looks][-2:] == [False, True]


@dataclass
class Clock:
    """The part of an orchestration's context that knows the time; a timer makes it pass at once."""

    current_utc_datetime: datetime = datetime(2026, 3, 3, 9, 0)  # noqa: DTZ001 - as the SDK gives it
    pauses: list[timedelta] = field(default_factory=list[timedelta])

    def create_timer(self, fire_at: datetime) -> str:
        at = fire_at.replace(tzinfo=None)
        self.pauses.append(at - self.current_utc_datetime)
        self.current_utc_datetime = at
        return "timer"


def test_pauses_double_up_to_an_hour_within_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciliation, "FIRST_WAIT", timedelta(seconds=30))
    clock, looks = Clock(), list[bool]()

    def look(last: bool) -> Generator[Any, Any, str]:
        looks.append(last)
        yield from ()
        return "unknown"

    steps = reconciliation.reconcile(cast("Any", clock), 5.0, look, lambda found: found == "unknown")
    assert set(steps) == {"timer"}

    minutes = [pause.total_seconds() / 60 for pause in clock.pauses]
    assert minutes[:9] == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    assert sum(minutes) == 5 * 60
    assert looks == [False] * len(minutes) + [True]


def test_an_approved_reversal_is_carried_out(lab: Lab) -> None:
    script = CaseScript()

    assert lab.reverse(a_reversal_order(1), script) == "done"
    assert script.reversals == [a_reversal_order(1)]


@pytest.mark.parametrize("end", ["done", "failed"])
def test_reversal_in_doubt_is_looked_up_until_known(lab: Lab, end: EffectStatus) -> None:
    script = CaseScript(action_fails=True, reconciled=["unknown", end])
    order = a_reversal_order(2 if end == "done" else 3)

    assert lab.reverse(order, script) == end
    assert len(script.reversals) == 3
    assert [(look.order, look.last) for look in script.reversal_looks] == [(order, False)] * 2
