"""Managers try rules on telemetry of the past; what cannot be tried is refused with a sentence."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from backend.lab.options import LabOptions
from backend.live.broadcast import Broadcast
from backend.wiring import Wiring, wire
from casebook.detection_rules_api import DetectionRulesApi
from contracts.detection_rules import RuleChange, RuleContent
from tests.support.casebooks import CaseBook
from tests.unit.backend.fake_scheduler import FakeScheduler
from tests.unit.backend.support import CONFIG, SIGN_IN, answering, signed_in
from tests.unit.casebook.builders import an_alert

pytestmark = pytest.mark.anyio

ANA, MARIA, ALEX = signed_in("ana"), signed_in("maria"), signed_in("alex")
SPIKE = "/api/detection/rules/spending_spike"
WEEK = {"kind": "recording", "recording": "week.jsonl"}
LIVE = {"kind": "live", "days": 7}


@pytest.fixture
def options(tmp_path: Path) -> LabOptions:
    folder = tmp_path / "recordings"
    folder.mkdir()
    (folder / "week.jsonl").write_text("{}\n")
    (folder / "week.labels.txt").write_text("e-1\n")
    (folder / "notes.md").write_text("No recording.")
    (tmp_path / "secret.jsonl").write_text("{}\n")
    return LabOptions(recordings=folder)


@pytest.fixture
async def client(
    book: CaseBook, scheduler: FakeScheduler, options: LabOptions, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[httpx.AsyncClient]:
    wiring: Wiring = wire(book, scheduler, SIGN_IN, Broadcast(), CONFIG, lab=options)

    async def run_nothing() -> None:
        """Nobody runs back-tests here: `tests/integration/test_rule_lab.py` does."""

    monkeypatch.setattr(wiring.back_tests, "sweep", run_nothing)
    async with answering(wiring) as opened:
        yield opened


async def order(client: httpx.AsyncClient, source: dict[str, Any], version: int = 1, rule: str = SPIKE) -> Any:
    body = {"version": version, "source": source, "reason": "Fewer false alerts?"}
    answer = await client.post(f"{rule}/back-tests", json=body, headers=MARIA)
    return answer.json() | {"http": answer.status_code}


async def test_sources_are_recordings_by_name(client: httpx.AsyncClient) -> None:
    sources = (await client.get("/api/detection/back-tests/sources", headers=MARIA)).json()
    assert sources == {
        "recordings": [{"recording": "week.jsonl", "size": 3, "has_labels": True}],
        "live": None,
        "live_problem": "This installation reads no live telemetry: choose a recording.",
    }


async def test_back_test_is_ordered_listed_and_cancelled(client: httpx.AsyncClient) -> None:
    ordered = await order(client, WEEK)
    assert (ordered["http"], ordered["state"], ordered["requested_by"]) == (202, "queued", "maria")
    listed = (await client.get(f"{SPIKE}/back-tests", headers=ALEX)).json()["items"]
    assert [each["back_test_id"] for each in listed] == [ordered["back_test_id"]]
    url = f"/api/detection/back-tests/{ordered['back_test_id']}"
    cancelled = (await client.post(f"{url}/cancel", headers=ALEX)).json()
    assert (cancelled["state"], cancelled["cancelled_by"], cancelled["result"]) == ("cancelled", "alex", None)
    again = await client.post(f"{url}/cancel", headers=MARIA)
    assert (again.status_code, again.json()["detail"]) == (
        409,
        "The back-test has ended already: it is cancelled.",
    )


@pytest.mark.parametrize("name", ["../secret.jsonl", "/etc/passwd", "notes.md", "week.labels.txt"])
async def test_only_offered_recordings_are_read(client: httpx.AsyncClient, name: str) -> None:
    refused = await order(client, {"kind": "recording", "recording": name})
    assert refused["http"] == 404
    assert refused["type"].endswith("recording-not-found")


@pytest.mark.parametrize(
    ("source", "version", "status", "problem"),
    [
        (LIVE, 1, 409, "no-live-telemetry"),
        (WEEK, 2, 404, "rule-version-not-found"),
        ({"kind": "live", "days": 91}, 1, 422, "invalid-request"),
        ({"kind": "elsewhere"}, 1, 422, "invalid-request"),
    ],
)
async def test_what_cannot_be_tried_is_refused(
    client: httpx.AsyncClient, source: dict[str, Any], version: int, status: int, problem: str
) -> None:
    refused = await order(client, source, version)
    assert refused["http"] == status
    assert problem in refused["type"]


async def test_learned_score_is_not_tried_on_the_past(client: httpx.AsyncClient) -> None:
    refused = await order(client, WEEK, rule=SPIKE.replace("spending_spike", "learned_score"))
    assert (refused["http"], refused["type"].rpartition(":")[2]) == (409, "not-back-tested")


async def test_version_of_another_release_is_refused(client: httpx.AsyncClient, book: CaseBook) -> None:
    record = DetectionRulesApi(book.transactions)
    default = RuleContent(parameters={"deviations": 3.0})
    foreign = RuleContent(parameters={"phase_of_the_moon": 1})
    record.draft("spending_spike", default, RuleChange(revision=0, reason="Later."), foreign, 1, "maria")
    refused = await order(client, WEEK, version=2)
    assert refused["http"] == 422
    assert refused["detail"].startswith("The rule cannot judge by this: phase_of_the_moon: ")


async def test_unknown_rule_and_back_test_are_named(client: httpx.AsyncClient) -> None:
    unknown = await order(client, WEEK, rule="/api/detection/rules/horoscope")
    assert (unknown["http"], unknown["detail"]) == (404, "There is no rule 'horoscope'.")
    missing = await client.get("/api/detection/back-tests/bt-1", headers=MARIA)
    assert (missing.status_code, missing.json()["detail"]) == (404, "There is no back-test 'bt-1'.")


async def test_precision_has_an_interval_and_shadow_counts(client: httpx.AsyncClient, book: CaseBook) -> None:
    for number in range(1, 5):
        alert = an_alert(number).model_copy(update={"rule_id": "spending_spike", "customer_id": 1_000 + number})
        case = book.open_case(alert).case_id
        said = "false_positive" if number == 1 else "confirmed_fraud"
        with book.transactions.write_apart() as connection:
            closed = text("UPDATE \"case\" SET state = 'closed', disposition = :said WHERE case_id = :case")
            connection.execute(closed, {"said": said, "case": case})
    DetectionRulesApi(book.transactions).count_signals({("spending_spike", 2, "shadow"): 5})
    found = (await client.get(f"{SPIKE}/precision", headers=ANA)).json()
    (version,) = found["versions"]
    assert (version["version"], version["precision"]["hits"], version["precision"]["of"]) == (1, 3, 4)
    assert version["precision"]["share"] == 0.75
    assert version["precision"]["low"] == pytest.approx(0.3006, abs=1e-4)
    assert version["precision"]["high"] == pytest.approx(0.9544, abs=1e-4)
    assert [(each["version"], each["fate"], each["count"]) for each in found["counts"]] == [(2, "shadow", 5)]


@pytest.mark.parametrize(
    ("source", "field"),
    [
        ({"kind": "recording", "recording": ""}, "source.recording"),
        ({"kind": "live", "days": 0}, "source.days"),
        ({"kind": "live"}, "source.days"),
    ],
)
async def test_refused_source_names_its_field(client: httpx.AsyncClient, source: dict[str, Any], field: str) -> None:
    refused = await order(client, source)
    assert refused["http"] == 422
    assert [each["field"] for each in refused["errors"]] == [field]
