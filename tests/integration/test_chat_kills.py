"""One reply, row, count and event per turn, whatever is killed: the short run. `scripts/bench chat-kills` is longer."""

from pathlib import Path

import pytest

from tests.support.chat_kills import kill_at_every_step_of_a_turn
from tests.support.crashing import CHAT_POINTS


@pytest.mark.timeout(300)
def test_each_turn_is_answered_once_whatever_is_killed(tmp_path: Path) -> None:
    outcome = kill_at_every_step_of_a_turn(tmp_path / "data", waves=2)

    assert outcome.kills == 2 * (len(CHAT_POINTS) + 1)
    assert outcome.is_exact, outcome
