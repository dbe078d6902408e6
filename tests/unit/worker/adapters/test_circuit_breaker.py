"""When a deployment is left alone, for how long, and who may try it again."""

from runtime.backoff import no_jitter
from worker.adapters.circuit_breaker import LONGEST_OPEN_S, LONGEST_RETRY_AFTER_S, CircuitBreaker


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def a_circuit(clock: Clock, failures: int = 3, open_for: float = 10.0) -> CircuitBreaker:
    return CircuitBreaker(failures, open_for, clock, no_jitter)


def fails(circuit: CircuitBreaker, times: int = 1, retry_after_s: float | None = None) -> None:
    for _ in range(times):
        assert circuit.allow()
        circuit.failed("It failed with status 500.", retry_after_s)


def test_it_opens_after_consecutive_failures_and_says_how_long() -> None:
    circuit = a_circuit(Clock())

    fails(circuit, 2)
    assert circuit.retry_in() == 0
    fails(circuit)

    assert not circuit.allow()
    assert (circuit.retry_in(), circuit.why) == (10.0, "It failed with status 500.")


def test_a_success_in_between_resets_the_count() -> None:
    circuit = a_circuit(Clock())

    fails(circuit, 2)
    assert circuit.allow()
    circuit.succeeded()
    fails(circuit, 2)

    assert circuit.allow()


def test_after_the_open_time_a_successful_probe_closes_it() -> None:
    clock = Clock()
    circuit = a_circuit(clock)
    fails(circuit, 3)
    clock.seconds += 10

    assert circuit.allow()
    assert not circuit.allow(), "only one call may probe"
    assert circuit.retry_in() == 1.0
    circuit.succeeded()

    assert circuit.allow()
    assert circuit.allow()


def test_failed_probe_doubles_open_time_up_to_the_longest() -> None:
    clock = Clock()
    circuit = a_circuit(clock)
    fails(circuit, 3)
    waits: list[float] = []

    for _ in range(4):
        clock.seconds += circuit.retry_in()
        fails(circuit)
        waits.append(circuit.retry_in())

    assert waits == [20.0, 40.0, LONGEST_OPEN_S, LONGEST_OPEN_S]


def test_inconclusive_probe_leaves_its_place_to_the_next() -> None:
    clock = Clock()
    circuit = a_circuit(clock)
    fails(circuit, 3)
    clock.seconds += 10
    assert circuit.allow()

    circuit.abandoned()

    assert circuit.allow()


def test_pause_named_by_the_server_opens_it_at_once() -> None:
    clock = Clock()
    circuit = a_circuit(clock)

    fails(circuit, retry_after_s=7.0)
    assert not circuit.allow()
    clock.seconds += 7

    assert circuit.allow()


def test_no_named_pause_opens_it_beyond_five_minutes() -> None:
    clock = Clock()
    circuit = a_circuit(clock)

    fails(circuit, retry_after_s=1e300)
    assert circuit.retry_in() == LONGEST_RETRY_AFTER_S == 300
    clock.seconds += 300

    assert circuit.allow(), "one call tries whether it has come back"
    assert not circuit.allow()


def test_a_failure_counts_as_recent_for_a_while() -> None:
    clock = Clock()
    circuit = a_circuit(clock)
    assert not circuit.has_failed_lately

    fails(circuit)
    assert circuit.has_failed_lately
    clock.seconds += 30

    assert not circuit.has_failed_lately
