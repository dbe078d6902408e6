"""When a run's steps are on record: what was paid for at once, what costs nothing with the answer that saw it."""

import pytest

from contracts.report import Evidence
from contracts.spend import ModelUse
from tests.unit.worker.support.agents import MemoryJournal, asks, says
from tests.unit.worker.support.cases import NOON
from worker.agents.journal import RecordedBatch, RecordedCall, RunJournal
from worker.ports.model import ModelReply

M1, T1, M2 = "r1-location-m1", "r1-location-t1", "r1-location-m2"


def use_of(reply: ModelReply) -> ModelUse:
    return ModelUse(round=1, agent="location", model=reply.model, input_tokens=1, output_tokens=1, cost_usd=None)


def a_batch() -> RecordedBatch:
    evidence = Evidence(
        evidence_id="r1-location-1", tool="get_customer", arguments={}, ok=True, result={}, recorded_at=NOON
    )
    return RecordedBatch(calls=(RecordedCall(evidence=evidence, duration_ms=5),))


def ask(run: RunJournal, journal: MemoryJournal, number: int) -> list[str]:
    """What is on record when the model is asked for the n-th time."""
    seen: list[str] = []

    def reply() -> ModelReply:
        seen.extend(journal.keys)
        return says("So.")

    run.model_call(number, reply, use_of)
    return seen


def use_tools(run: RunJournal, journal: MemoryJournal, number: int) -> list[str]:
    """What is on record when the tools of the n-th turn are asked."""
    seen: list[str] = []

    def answer() -> RecordedBatch:
        seen.extend(journal.keys)
        return a_batch()

    run.tool_batch(number, answer)
    return seen


def test_answer_is_recorded_before_its_tools_are_asked() -> None:
    journal = MemoryJournal()
    run = journal.run()

    assert ask(run, journal, 1) == []
    assert use_tools(run, journal, 1) == [M1]
    assert ask(run, journal, 2) == [M1]
    assert use_tools(run, journal, 2) == [M1, T1, M2]


def test_answer_to_correct_is_recorded_before_asking_again() -> None:
    journal = MemoryJournal()
    run = journal.run()
    ask(run, journal, 1)

    assert ask(run, journal, 2) == [M1]


def test_last_answer_is_handed_over_with_its_outcome() -> None:
    journal = MemoryJournal()
    run = journal.run()
    ask(run, journal, 1)
    use_tools(run, journal, 1)
    ask(run, journal, 2)

    assert [(entry.key, entry.use) for entry in run.answers] == [(M2, use_of(says("So.")))]
    assert journal.keys == [M1]


def test_error_after_the_last_answer_loses_nothing_paid_for() -> None:
    journal = MemoryJournal()
    run = journal.run()

    def break_down() -> None:
        ask(run, journal, 1)
        use_tools(run, journal, 1)
        ask(run, journal, 2)
        raise MemoryError("Out of memory.")

    with pytest.raises(MemoryError), run.kept_when_broken():
        break_down()

    assert journal.keys == [M1, T1, M2]
    assert run.answers == ()


def test_recorded_work_is_neither_done_nor_kept_again() -> None:
    journal = MemoryJournal()
    first = journal.run()
    asked = first.model_call(1, lambda: asks(("get_customer", {"customer_id": 7})), use_of)
    seen = first.tool_batch(1, a_batch)
    first.keep()
    again = journal.run()

    def fail() -> None:
        raise AssertionError("done twice")

    assert again.model_call(1, lambda: fail() or says(None), use_of) == asked
    assert again.tool_batch(1, lambda: fail() or a_batch()) == seen
    assert again.answers == ()


def test_a_step_that_is_done_again_costs_again() -> None:
    journal = MemoryJournal({("case-1", M1): '{"choices": []}'})
    run = journal.run()

    assert ask(run, journal, 1) == [M1]
    run.keep()
    again = journal.run()

    assert journal.keys == [M1, f"{M1}-again"]
    assert again.model_call(1, lambda: says("Something else."), use_of) == says("So.")
    assert again.answers == ()


def test_unwritable_answer_is_recorded_with_its_cost() -> None:
    journal = MemoryJournal()
    run = journal.run()
    unwritable = says("So.").model_copy(update={"text": "\ud83d"})

    run.model_call(1, lambda: unwritable, use_of)

    (entry,) = run.answers
    assert (entry.key, entry.body, entry.use) == (M1, "{}", use_of(unwritable))
