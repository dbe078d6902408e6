"""One reply, row, count and event per turn, whatever is killed: the short run. `scripts/bench chat-kills` is longer."""

from pathlib import Path

import pytest

from tests.support.chat_kills import kill_at_every_step_of_a_turn
from tests.support.crashing import CHAT_POINTS
from tests.support.postgres import PostgresServer


@pytest.mark.timeout(900)
def test_each_turn_is_answered_once_whatever_is_killed(tmp_path: Path) -> None:
    outcome = kill_at_every_step_of_a_turn(tmp_path / "data", waves=1)

    assert outcome.kills == len(CHAT_POINTS) + 1
    assert outcome.is_exact, outcome


@pytest.mark.long
@pytest.mark.timeout(900)
def test_two_workers_and_two_backends_answer_each_turn_once(tmp_path: Path) -> None:
    with PostgresServer() as server:
        outcome = kill_at_every_step_of_a_turn(tmp_path / "data", 2, server.url(server.create_database()))

    assert (outcome.turns, outcome.kills) == (8, 2 * (len(CHAT_POINTS) + 1))
    assert outcome.is_exact, outcome
