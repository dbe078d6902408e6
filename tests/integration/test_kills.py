"""One real-world effect, whatever is killed: the short run. `scripts/bench kills` is the long one."""

from pathlib import Path

import pytest

from tests.support.kills import kill_at_every_step


@pytest.mark.timeout(900)
def test_approved_action_happens_exactly_once_whichever_process_is_killed(
    tmp_path: Path,
) -> None:
    outcome = kill_at_every_step(tmp_path / "data", waves=7)

    assert outcome.kills == 21
    assert (outcome.effects, outcome.doubles, outcome.lost, outcome.broken) == (21, 0, 0, None)
