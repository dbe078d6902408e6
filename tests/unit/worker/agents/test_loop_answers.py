"""What the bounded tool loop takes for an answer, and what may be repaired once."""

import json

import pytest

from tests.unit.worker.support.agents import (
    CUSTOMER,
    ScriptedModel,
    Turn,
    a_loop,
    a_verdict,
    an_assignment,
    answers,
    asks,
    no_journal,
    run,
    says,
)
from worker.ports.model import ModelRejected

BAD_ANSWERS: dict[str, Turn] = {
    "nothing": says(None),
    "empty text": says("  "),
    "no JSON": says("It looks fine to me."),
    "a list": says("[]"),
    "a score of 9": answers(a_verdict(9)),
    "a negative score": answers(a_verdict(-0.1)),
    "a score that is NaN": says(json.dumps(a_verdict()).replace("0.2", "NaN")),
    "an infinite score": says(json.dumps(a_verdict()).replace("0.2", "1e999")),
    "a score as text": answers(a_verdict() | {"risk_score": "0.2"}),
    "no score though evaluable": answers(a_verdict(None)),
    "a field too many": answers(a_verdict(verified=True)),
    "a field too few": answers({"evaluable": True}),
    "JSON cut off": says(json.dumps(a_verdict())[:-20]),
}


@pytest.mark.parametrize("bad", BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
def test_a_wrong_answer_may_be_repaired_once(bad: Turn) -> None:
    model = ScriptedModel([bad, answers(a_verdict(0.3))])

    result = a_loop(model).run(an_assignment(), no_journal())

    assert result.answer is not None
    assert result.answer.risk_score == 0.3
    repair = model.requests[1].messages[-1]
    assert repair.role == "user"
    assert "Answer again" in (repair.text or "")


@pytest.mark.parametrize("bad", BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
def test_a_second_wrong_answer_ends_the_run_without_one(bad: Turn) -> None:
    result = run(bad, bad)

    assert result.answer is None
    assert result.failure is not None
    assert result.failure.startswith("The model gave no usable answer, not even when asked again:")


def test_a_fenced_answer_is_an_answer() -> None:
    result = run(says(f"```json\n{json.dumps(a_verdict(0.25))}\n```"))

    assert result.answer is not None
    assert result.answer.risk_score == 0.25


def test_a_refusal_ends_the_run_without_an_answer() -> None:
    assert run(says(None, refusal="I cannot help with that.")).failure == "The model refused to answer."


def test_request_that_the_endpoint_rejects_ends_the_run() -> None:
    rejected = ModelRejected("The model endpoint refused the request with status 400.")

    result = run(asks(("get_customer", CUSTOMER)), rejected)

    assert result.failure == str(rejected)
    assert len(result.evidence) == 1


def test_reply_that_was_cut_off_may_be_rewritten_once() -> None:
    cut = answers(a_verdict(), finish="length")
    model = ScriptedModel([cut, answers(a_verdict(0.3))])

    repaired = a_loop(model).run(an_assignment(), no_journal())

    assert repaired.answer is not None
    assert "cut off at the model's length limit" in (model.requests[1].messages[-1].text or "")
    assert run(cut, cut).failure == (
        "The model gave no usable answer, not even when asked again: "
        "it was cut off at the model's length limit, so be briefer."
    )


def test_answer_withheld_by_the_content_filter_ends_the_run() -> None:
    failure = run(says(None, finish="content_filter")).failure

    assert failure == "The content filter of the model endpoint withheld the answer."
