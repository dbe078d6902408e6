"""Verdicts as real endpoints send them: found in the text around them, or corrected once."""

import json

import pytest

from tests.unit.worker.support.agents import a_verdict
from tests.unit.worker.support.endpoint import (
    Endpoint,
    Said,
    completion,
    one_after_the_other,
)
from tests.unit.worker.support.endpoint_runs import (
    DONE,
    VERDICT,
    a_model,
    investigate,
)
from worker.adapters.client_loop import ClientLoop
from worker.ports.model import ToolCalling

VERDICTS: dict[str, Said] = {
    "parts": completion([{"type": "text", "text": VERDICT}]),
    "parts that are cut within": completion(
        [{"type": "text", "text": VERDICT[:40]}, {"type": "text", "text": VERDICT[40:]}]
    ),
    "thinking parts": completion(
        [
            {"type": "thinking", "thinking": [{"type": "text", "text": "{"}]},
            {"type": "text", "text": VERDICT},
        ],
    ),
    "texts as parts": completion([VERDICT, None]),
    "one part and no list": completion({"type": "text", "text": VERDICT}),
    "a thought": completion(f"<think>I should weigh {{this}}.</think>\n\n{VERDICT}"),
    "a draft in the thought": completion(f"<think>{json.dumps(a_verdict(0.9))}</think>{VERDICT}"),
    "a thought whose beginning is lost": completion(f"{json.dumps(a_verdict(0.9))}</think>{VERDICT}"),
    "other tags": completion(f"<reasoning>Hm.</reasoning>[THINK]Hm.[/THINK]{VERDICT}"),
    "a fence": completion(f"```json\n{VERDICT}\n```"),
    "a fence and words": completion(f"Here it is:\n```json\n{VERDICT}\n```\nI hope {{this}} helps."),
    "words around it": completion(f'My {{verdict}} is "this": {VERDICT} That is all.'),
    "a brace that never ends": completion(f"Braces {{ are odd. {VERDICT}"),
    "the same twice": completion(f"{VERDICT}\n{VERDICT}"),
    "a byte-order mark": completion(f"\ufeff{VERDICT}"),
}


@pytest.mark.parametrize("said", VERDICTS.values(), ids=VERDICTS.keys())
@pytest.mark.parametrize("tool_calling", ["native", "apart"])
def test_a_verdict_is_found_in_what_is_around_it(loop: ClientLoop, said: Said, tool_calling: ToolCalling) -> None:
    with Endpoint(one_after_the_other(said)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url, tool_calling))

    assert outcome.result.answer is not None
    assert outcome.result.answer.risk_score == 0.3
    assert len(endpoint.asked) == 1


def test_a_step_is_found_in_what_is_around_it(loop: ClientLoop) -> None:
    call = json.dumps({"step": {"calls": [{"tool": "get_customer", "arguments": {"customer_id": 7}}]}})
    answer = json.dumps({"step": {"answer": json.loads(VERDICT)}})
    turns = (completion(f"<think>Hm.</think>```json\n{call}\n```"), completion(f"So: {answer}"))
    with Endpoint(one_after_the_other(*turns)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url, "schema"))

    assert outcome.result.failure is None
    assert outcome.arguments == [{"customer_id": 7}]


@pytest.mark.parametrize(
    "text",
    [
        f"{json.dumps(a_verdict(0.1))} or rather {VERDICT}",
        VERDICT.replace('"risk_score": 0.3', '"risk_score": 0.9, "risk_score": 0.3'),
        f"<think>{VERDICT}",
        VERDICT.replace("As it was.", "As it was \\ud83d."),
        "{" * 100_000,
        '{"a":' * 50_000,
        "<think>" * 50_000,
    ],
)
def test_text_without_exactly_one_verdict_is_corrected_once(loop: ClientLoop, text: str) -> None:
    with Endpoint(one_after_the_other(completion(text), DONE)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.answer is not None
    assert outcome.result.answer.risk_score == 0.3
    assert len(outcome.kept.uses) == len(endpoint.asked) == 2


@pytest.mark.parametrize(
    ("said", "failure_sentence"),
    [
        (completion([{"type": "refusal", "refusal": "No."}]), "The model refused to answer."),
        (completion(None, refusal="No."), "The model refused to answer."),
        (
            completion(None, finish="SAFETY"),
            "The content filter of the model endpoint withheld the answer.",
        ),
        (
            completion(None, finish="PROHIBITED_CONTENT"),
            "The content filter of the model endpoint withheld the answer.",
        ),
    ],
)
def test_a_refusal_is_one_in_every_wording(loop: ClientLoop, said: Said, failure_sentence: str) -> None:
    with Endpoint(lambda _: said) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.failure == failure_sentence
    assert len(outcome.kept.uses) == 1


@pytest.mark.parametrize("reason", ["length", "MAX_TOKENS", "max_tokens"])
def test_cut_off_answer_is_recognised_in_every_wording(loop: ClientLoop, reason: str) -> None:
    with Endpoint(one_after_the_other(completion(VERDICT[:50], finish=reason), DONE)) as endpoint:
        outcome = investigate(a_model(loop, endpoint.url))

    assert outcome.result.failure is None
    assert "cut off" in endpoint.asked[1].body["messages"][-1]["content"]
