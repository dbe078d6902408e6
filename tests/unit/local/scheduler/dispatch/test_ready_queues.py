"""Ready work keeps its order, whatever the filters."""

from hypothesis import given
from hypothesis import strategies as st

from local.scheduler.dispatch.ready_queues import ReadyQueues, accepts
from local.scheduler.operations.context import ReadyWork


def ready(key: int, name: str = "a", version: str | None = None) -> ReadyWork:
    return ReadyWork(1, key, name, version)


def test_the_oldest_comes_first_across_queues() -> None:
    queues = ReadyQueues()
    for key, name in ((1, "b"), (2, "a"), (3, "b")):
        queues.push(ready(key, name))
    assert [queues.take(None), queues.take(None), queues.take(None), queues.take(None)] == [
        ready(1, "b"),
        ready(2, "a"),
        ready(3, "b"),
        None,
    ]


def test_work_is_queued_once() -> None:
    queues = ReadyQueues()
    queues.push(ready(1))
    queues.push(ready(1))
    assert len(queues) == 1
    queues.take(None)
    queues.push(ready(1))
    assert queues.take(None) == ready(1)


def test_requeued_work_goes_to_the_front() -> None:
    queues = ReadyQueues()
    queues.push(ready(1))
    queues.push(ready(2), front=True)
    assert queues.take(None) == ready(2)


def test_a_filter_passes_over_what_it_does_not_accept() -> None:
    queues = ReadyQueues()
    queues.push(ready(1, "other"))
    queues.push(ready(2, "mine", "2"))
    assert queues.take({"mine": frozenset({"1"})}) is None
    assert queues.take({"mine": frozenset({"2"})}) == ready(2, "mine", "2")
    assert len(queues) == 1


def test_a_filter_matches_names_and_versions() -> None:
    assert not accepts({}, "a", None)
    assert accepts({"a": frozenset()}, "a", "7")
    assert accepts({"a": frozenset({""})}, "a", None)
    assert accepts(None, "a", None)


@given(st.lists(st.tuples(st.integers(1, 30), st.sampled_from("abc")), max_size=60))
def test_everything_pushed_is_taken_exactly_once(pushed: list[tuple[int, str]]) -> None:
    queues = ReadyQueues()
    first: dict[int, str] = {}
    for key, name in pushed:
        first.setdefault(key, name)
        queues.push(ready(key, first[key]))
    taken: list[int] = []
    while (item := queues.take(None)) is not None:
        taken.append(item.key)
    assert taken == list(first)
