"""A run that is taken up again repeats nothing that its journal holds."""

import pytest

from tests.unit.worker.support.agents import (
    CUSTOMER,
    FakeTools,
    MemoryJournal,
    ProcessDied,
    ScriptedModel,
    Turn,
    a_loop,
    a_verdict,
    an_assignment,
    answers,
    asks,
    run,
)
from worker.ports.tools import ToolsUnavailable


def test_what_was_recorded_is_not_asked_again() -> None:
    journal = MemoryJournal()
    turns: list[Turn] = [asks(("get_customer", CUSTOMER)), answers(a_verdict(0.4, ["r1-location-1"]))]
    first = run(*turns, journal=journal)
    tools = FakeTools(fault=ToolsUnavailable("Down."))

    again = run(tools=tools, journal=journal)

    assert again == first
    assert journal.keys == ["r1-location-m1", "r1-location-t1", "r1-location-m2"]


@pytest.mark.parametrize(
    ("died", "asked_again"),
    [
        ({"dies_before": "r1-location-m1"}, 2),
        ({"dies_after": "r1-location-m1"}, 1),
        ({"dies_before": "r1-location-t1"}, 1),
        ({"dies_after": "r1-location-t1"}, 0),
        ({"dies_before": "r1-location-m2"}, 1),
        ({"dies_after": "r1-location-m2"}, 0),
    ],
)
def test_crash_repeats_only_the_call_in_flight(died: dict[str, str], asked_again: int) -> None:
    journal = MemoryJournal(dies_before=died.get("dies_before"), dies_after=died.get("dies_after"))
    script: list[Turn] = [asks(("get_customer", CUSTOMER)), answers(a_verdict(0.4))]
    with pytest.raises(ProcessDied):
        run(*script, journal=journal)
    journal.dies_before = journal.dies_after = None
    model = ScriptedModel(script[len(script) - asked_again :])

    result = a_loop(model).run(an_assignment(), journal.run())

    assert result.answer is not None
    assert len(model.requests) == asked_again
    assert model.turns == []


def test_evidence_stays_what_the_model_saw_despite_changed_records() -> None:
    journal = MemoryJournal(dies_after="r1-location-m2")
    with pytest.raises(ProcessDied):
        run(asks(("get_customer", CUSTOMER)), answers(a_verdict()), journal=journal)
    journal.dies_after = None

    result = run(journal=journal, tools=FakeTools({"get_customer": {"name": "Somebody else"}}))

    assert result.evidence[0].result == {"name": "Ada"}


def test_an_entry_that_another_release_wrote_is_done_again() -> None:
    journal = MemoryJournal({("case-1", "r1-location-m1"): '{"choices": []}'})

    assert run(answers(a_verdict(0.3)), journal=journal).answer is not None
