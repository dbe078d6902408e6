"""Ready work keeps its order, whatever the filters."""

from hypothesis import given
from hypothesis import strategies as st

from local.scheduler.dispatch.lanes import Lanes, accepts
from local.scheduler.operations.context import ReadyWork


def ready(key: int, name: str = "a", version: str | None = None) -> ReadyWork:
    return ReadyWork(1, key, name, version)


def test_the_oldest_comes_first_across_lanes() -> None:
    lanes = Lanes()
    for key, name in ((1, "b"), (2, "a"), (3, "b")):
        lanes.push(ready(key, name))
    assert [lanes.take(None), lanes.take(None), lanes.take(None), lanes.take(None)] == [
        ready(1, "b"),
        ready(2, "a"),
        ready(3, "b"),
        None,
    ]


def test_work_is_in_line_only_once() -> None:
    lanes = Lanes()
    lanes.push(ready(1))
    lanes.push(ready(1))
    assert len(lanes) == 1
    lanes.take(None)
    lanes.push(ready(1))
    assert lanes.take(None) == ready(1)


def test_what_comes_back_goes_to_the_front() -> None:
    lanes = Lanes()
    lanes.push(ready(1))
    lanes.push(ready(2), front=True)
    assert lanes.take(None) == ready(2)


def test_a_filter_passes_over_what_it_does_not_accept() -> None:
    lanes = Lanes()
    lanes.push(ready(1, "other"))
    lanes.push(ready(2, "mine", "2"))
    assert lanes.take({"mine": frozenset({"1"})}) is None
    assert lanes.take({"mine": frozenset({"2"})}) == ready(2, "mine", "2")
    assert len(lanes) == 1


def test_an_empty_filter_accepts_nothing_and_no_version_means_the_empty_one() -> None:
    assert not accepts({}, "a", None)
    assert accepts({"a": frozenset()}, "a", "7")
    assert accepts({"a": frozenset({""})}, "a", None)
    assert accepts(None, "a", None)


@given(st.lists(st.tuples(st.integers(1, 30), st.sampled_from("abc")), max_size=60))
def test_everything_pushed_is_taken_exactly_once(pushed: list[tuple[int, str]]) -> None:
    lanes = Lanes()
    first: dict[int, str] = {}
    for key, name in pushed:
        first.setdefault(key, name)
        lanes.push(ready(key, first[key]))
    taken: list[int] = []
    while (item := lanes.take(None)) is not None:
        taken.append(item.key)
    assert taken == list(first)
