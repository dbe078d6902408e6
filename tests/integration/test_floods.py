"""Floods of one address on a whole stack: what they are answered, that they end, and who is served meanwhile."""

from collections.abc import Generator, Mapping

import pytest

from tests.bench.floods import HEADER_S, LONGER_S, Floods
from tests.support.stack import LocalStack

pytestmark = [pytest.mark.integration, pytest.mark.long]

MUCH_MB = 200
OUTCOMES: Mapping[str, set[str]] = {
    "silent": {"closed"},
    "slow_headers": {"408"},
    "slow_body": {"408"},
    "large_headers": {"431", "closed"},
    "large_frames": {"closed"},
    "deep_json": {"422"},
    "inflating": {"422"},
}
"""What connections come to that have ended; `closed` is without an answer."""


@pytest.fixture(scope="module")
def floods(tmp_path_factory: pytest.TempPathFactory) -> Generator[Floods]:
    with LocalStack(tmp_path_factory.mktemp("floods"), "--no-simulator") as running:
        yield Floods(running)


@pytest.mark.parametrize("name", OUTCOMES)
def test_flood_ends_and_others_are_served(floods: Floods, name: str) -> None:
    before = floods.memory_mb()
    # So long that the backend has lost its patience several times over, if the machine is slow.
    noticed = floods.flood(name, 200 if name.startswith("s") else 20, 2.0 * LONGER_S.get(name, HEADER_S))
    ended = noticed.outcomes.keys() - {"still open"}
    assert ended
    assert ended <= OUTCOMES[name]
    assert noticed.failed == 0
    assert noticed.memory_mb < before + MUCH_MB
