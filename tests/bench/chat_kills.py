"""`scripts/bench chat-kills`: kills worker, backend and scheduler at every step of a turn."""

import argparse
import platform
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.support.chat_kills import kill_at_every_step_of_a_turn
from tests.support.crashing import CHAT_POINTS
from tests.support.postgres import PostgresServer


def main() -> int:
    """Prints what was answered. Returns 0 when each turn has one reply, row, count and event, otherwise 1."""
    parser = argparse.ArgumentParser(prog="scripts/bench chat-kills", description=__doc__)
    parser.add_argument("--waves", type=int, default=5, help="each kills ten processes (default: 5)")
    parser.add_argument("--postgresql", action="store_true", help="two workers and two backends on a server of its own")
    asked = parser.parse_args()
    waves: int = asked.waves
    with tempfile.TemporaryDirectory() as folder, ExitStack() as servers:
        database = None
        if asked.postgresql:
            server = servers.enter_context(PostgresServer())
            database = server.url(server.create_database())
        outcome = kill_at_every_step_of_a_turn(Path(folder) / "data", waves, database)
    say = sys.stdout.write
    say(f"Python {platform.python_version()}, points: {', '.join(CHAT_POINTS)}; and the scheduler\n")
    say(f"{outcome.turns} turns in {waves} waves, {outcome.kills} processes killed by SIGKILL\n")
    say(f"{outcome.unanswered} unanswered, {outcome.miscounted} miscounted, {outcome.doubled} doubled\n")
    say(f"audit chain: {outcome.broken or 'intact'}; {outcome.seconds:.0f} s\n")
    return 0 if outcome.is_exact else 1


if __name__ == "__main__":
    sys.exit(main())
