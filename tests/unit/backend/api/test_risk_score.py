"""The risk score by API: what people see of it, and managers who go back to an earlier model."""

import json
import zlib
from datetime import timedelta
from random import Random
from typing import Any

import httpx
import pytest

from backend.scoring.partition import PartitionScorer
from backend.scoring.scorecard import Scorecard
from casebook.commands.detector_states import PartitionKey, Progress
from casebook.detector_states_api import DetectorStatesApi
from casebook.risk_score_api import RiskScoreApi
from contracts.risk_score import NewModel
from tests.support.casebooks import CaseBook
from tests.unit.backend.scoring.score_world import charges, labels, model, trained
from tests.unit.backend.scoring.test_partition import Partition
from tests.unit.backend.scoring.vectors import vector
from tests.unit.backend.support import signed_in

pytestmark = pytest.mark.anyio

SCORE = "/api/detection/score"
ROLL_BACK = f"{SCORE}/roll-back"
ANA, MARIA = signed_in("ana"), signed_in("maria")


@pytest.fixture
def record(book: CaseBook) -> RiskScoreApi:
    return RiskScoreApi(book.transactions)


def made_of(card: Scorecard | None = None, document: bytes | None = None, *, may_alert: bool = False) -> NewModel:
    text = (card or trained(vector(streak=5))).to_json()
    return NewModel(
        may_alert=may_alert,
        frauds=60,
        others=240,
        learned_until=None,
        reason="A test.",
        document=zlib.compress(text.encode()) if document is None else document,
    )


def put_on_record(record: RiskScoreApi, new: NewModel, line: int | None = None) -> None:
    record.save_learner(record.learner().revision, line, new.document, [], new)


def report(book: CaseBook, scorer: PartitionScorer) -> None:
    states, of = DetectorStatesApi(book.transactions), PartitionKey("telemetry of a hub", "3")
    states.take_partition(of, "one")
    saved = {key: zlib.compress(json.dumps(each).encode()) for key, each in scorer.take_changes().states.items()}
    states.save_progress(of, "one", Progress(1, b"", saved))


async def seen(client: httpx.AsyncClient) -> Any:
    answer = await client.get(SCORE, headers=ANA)
    assert answer.is_success, answer.text
    return answer.json()


async def test_nothing_learned_is_said_so(client: httpx.AsyncClient) -> None:
    found = await seen(client)
    assert (found["current"], found["may_alert"], found["models"], found["shadow"]) == (None, False, [], None)
    assert found["sentence"] == "There is no model yet: 0 of 20 confirmed frauds are learned so far."


async def test_version_scores_once_its_time_has_come(
    client: httpx.AsyncClient, record: RiskScoreApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_record(record, made_of())
    found = await seen(client)
    assert (found["current"], found["next"]) == (None, 1)
    monkeypatch.setattr("casebook.commands.risk_score.EFFECTIVE_AFTER", timedelta(0))
    put_on_record(record, made_of(may_alert=True), 1)
    found = await seen(client)
    assert (found["current"], found["next"], found["may_alert"]) == (2, None, True)
    assert found["sentence"].startswith("Not ready: 0 of 50 confirmed frauds")
    assert [each["origin"]["number"] for each in found["models"]] == [2, 1]
    assert (found["learned_frauds"], found["learned_others"]) == (60, 240)


async def test_counts_of_partitions_are_shown(
    client: httpx.AsyncClient, record: RiskScoreApi, book: CaseBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casebook.commands.risk_score.EFFECTIVE_AFTER", timedelta(0))
    put_on_record(record, made_of())

    events = charges(Random(1))
    partition = Partition()
    partition.scorer.hear_models([model(1, 0, trained(vector(streak=5)))])
    partition.scorer.hear_labels(labels(Random(1), events), 10_000)
    partition.judge(events)
    waiting = partition.scorer.waiting
    report(book, partition.scorer)
    found = await seen(client)
    (counted,) = found["partitions"]
    assert (counted["source"], counted["partition"], counted["model"]) == ("telemetry of a hub", "3", 1)
    assert (counted["waiting"], counted["dropped"]) == (waiting, 0)
    assert found["shadow"]["rules"]["of"] > 0
    assert found["drift"] is None


async def test_manager_goes_back_to_an_earlier_model(client: httpx.AsyncClient, record: RiskScoreApi) -> None:
    put_on_record(record, made_of())
    put_on_record(record, made_of(trained(vector(streak=4)), may_alert=True), 1)
    order = {"number": 1, "current": 2, "reason": "It alerts on salaries."}
    assert (await client.post(ROLL_BACK, json=order, headers=ANA)).status_code == 403
    answer = await client.post(ROLL_BACK, json=order, headers=MARIA)
    assert answer.is_success, answer.text
    newest = answer.json()["models"][0]["origin"]
    assert (newest["number"], newest["line"], newest["rolled_back_to"], newest["may_alert"]) == (3, 3, 1, False)
    assert (newest["made_by"], newest["reason"]) == ("maria", "It alerts on salaries.")
    second = await client.post(ROLL_BACK, json=order, headers=MARIA)
    assert (second.status_code, second.json()["type"].rpartition(":")[2]) == (409, "models-changed")
    log = (await client.get("/api/desk-log", headers=MARIA)).json()["items"]
    assert [each["kind"] for each in log if each["kind"].startswith("model")] == ["model_rolled_back"]


async def test_model_of_another_release_cannot_be_gone_back_to(
    client: httpx.AsyncClient, record: RiskScoreApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casebook.commands.risk_score.EFFECTIVE_AFTER", timedelta(0))
    put_on_record(record, made_of(document=zlib.compress(b'{"format_version": 99}'), may_alert=True))
    found = await seen(client)
    sentence = "The model file has format version 99; this release reads version 1."
    assert found["models"][0]["problem"] == sentence
    assert (found["may_alert"], sentence in found["sentence"]) == (False, True)
    answer = await client.post(ROLL_BACK, json={"number": 1, "current": 1, "reason": "Why."}, headers=MARIA)
    assert (answer.status_code, answer.json()["detail"]) == (422, f"Version 1 of the model cannot be used: {sentence}")


async def test_unknown_version_is_not_found(client: httpx.AsyncClient) -> None:
    answer = await client.post(ROLL_BACK, json={"number": 7, "current": 7, "reason": "Why."}, headers=MARIA)
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (404, "model-not-found")
