"""Alerts of one customer through every real process: one case, one story, one effect, whenever they come."""

import json
import random
import subprocess
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import httpx
import pytest

from contracts.fraud_case import FraudCaseView
from tests.integration.test_readme import lines_to_try, run
from tests.support.alerts import foreign_login
from tests.support.second_parts import SecondBackend
from tests.support.stack import ROOT, LocalStack, Profile

WAIT_S = 180.0


@pytest.fixture(scope="module")
def joining(tmp_path_factory: pytest.TempPathFactory) -> Generator[LocalStack]:
    """A stack in which the alerts of a customer join."""
    data = tmp_path_factory.mktemp("joining") / "data"
    with LocalStack(data, "--no-simulator", env={"ALERT_JOIN_HOURS": "72"}) as running:
        yield running


@pytest.fixture(scope="module")
def backends(joining: LocalStack) -> Generator[list[httpx.Client]]:
    """Two backends of one installation, as `ana` sees them."""
    with SecondBackend(joining) as second:
        yield [joining.http, second.http]


def second_alert(customer: Profile, name: str) -> dict[str, Any]:
    """Another thing that was seen of the customer."""
    alert = foreign_login(customer, alert_id=name)
    events = [{**each, "event_id": f"{name}-{each['event_id']}"} for each in alert["trigger_events"]]
    return {**alert, "alert_type": "new_device", "description": "A new device logged in.", "trigger_events": events}


def test_second_alert_overtakes_the_open_question(joining: LocalStack) -> None:
    customer = joining.customer("account_takeover")
    case = joining.start_case(foreign_login(customer))
    first = joining.wait_for_case(case, lambda view: view.review is not None)
    assert first.review is not None

    assert joining.start_case(second_alert(customer, "second-device")) == case
    late = joining.decide(first, "approve", action="lock_account")
    assert (late.status_code, late.json()["type"]) == (409, "urn:casewright:problem:new-evidence")
    assert "A new device logged in" in late.json()["detail"]

    second = joining.wait_for_case(case, lambda view: view.round == 2 and view.review is not None)
    assert second.review is not None
    assert second.review.due_at <= first.review.due_at
    assert [each.round for each in second.alerts] == [1, 2]
    assert joining.decide(second, "approve", action="lock_account").status_code == 202
    closed = joining.wait_for_case(case, lambda view: view.state == "closed")
    assert (closed.outcome, len(closed.effects)) == ("account_locked", 1)

    follower = joining.start_case(second_alert(customer, "third-device"))
    assert joining.case(follower).follows == case


INNOCENT = 180
"""How many customers without a story of their own are enough for all tests of this stack."""


def one_story(joining: LocalStack, backends: list[httpx.Client], number: int, delay_s: float) -> None:
    """Two alerts, `delay_s` apart, on two backends, while a person approves whatever is asked."""
    # More stories than innocent customers: whose case is closed long ago begins another.
    innocent = joining.customer(None, number % INNOCENT)
    travel = {"kind": "x", "country": "BR", "device_id": f"d-{number}", "ip": "203.0.113.9", "city": "São Paulo"}
    customer: Profile = {**innocent, "story": travel}
    pool = ThreadPoolExecutor(1)
    with pool:
        sent = foreign_login(customer, alert_id=f"first-{number}")
        opened = backends[number % 2].post("/api/workflow/start", json=sent).raise_for_status().json()

        def send_later() -> dict[str, Any]:
            Event().wait(delay_s)
            alert = second_alert(customer, f"second-{number}")
            return backends[(number + 1) % 2].post("/api/workflow/start", json=alert).raise_for_status().json()

        other = pool.submit(send_later)
        first = approve_until_closed(joining, opened["instance_id"])
        came = other.result()
    assert came["joined"] is (came["instance_id"] == opened["instance_id"])
    stories = [first]
    if not came["joined"]:
        stories.append(approve_until_closed(joining, came["instance_id"]))
        assert stories[1].follows == first.case_id
    recorded = [alert.alert.alert_id for view in stories for alert in joining.case(view.case_id).alerts]
    assert recorded == [f"first-{number}", f"second-{number}"]
    for view in stories:
        assert all(effect.status == "done" for effect in view.effects)
        assert all(alert.round is not None for alert in view.alerts)
        assert len(view.effects) <= 1
        decided = [int(each.review_id.rpartition(":r")[2]) for each in view.decisions]
        assert all(alert.round <= max(decided) for alert in view.alerts if decided and alert.round)


def approve_until_closed(joining: LocalStack, case: str) -> FraudCaseView:
    """Decide on whatever is asked, until the case is closed."""
    decided: set[str] = set()
    while True:
        view = joining.wait_for_case(case, lambda view: view.state == "closed" or _is_asked(view, decided))
        if view.state == "closed" or view.review is None:
            return view
        answer = joining.decide(view, "approve", action="lock_account")
        assert answer.status_code == 202 or answer.json()["status"] == 409, answer.text
        decided.add(view.review.review_id)


def _is_asked(view: FraudCaseView, decided: set[str]) -> bool:
    return view.review is not None and view.review.review_id not in decided


def tell_stories(joining: LocalStack, backends: list[httpx.Client], numbers: range) -> None:
    generator = random.Random(11)
    delays = [generator.uniform(0, 1.5) for _ in numbers]
    with ThreadPoolExecutor(4) as pool:
        for told in [
            pool.submit(one_story, joining, backends, number, delay)
            for number, delay in zip(numbers, delays, strict=True)
        ]:
            told.result()
    checked = subprocess.run(
        [sys.executable, "scripts/verify_case_log.py"],
        cwd=ROOT,
        env={**joining.env, "CASEBOOK_URL": f"sqlite:///{joining.data / 'casebook.db'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_two_alerts_at_random_moments_tell_one_story(joining: LocalStack, backends: list[httpx.Client]) -> None:
    tell_stories(joining, backends, range(12))


@pytest.mark.long
def test_two_hundred_random_moments_tell_one_story(joining: LocalStack, backends: list[httpx.Client]) -> None:
    tell_stories(joining, backends, range(20, 220))


def test_alerts_in_an_export_and_in_the_list(joining: LocalStack) -> None:
    customer = joining.customer("account_takeover", 1)
    case = joining.start_case(foreign_login(customer))
    joining.start_case(second_alert(customer, "listed"))
    page = joining.http.get("/api/alerts", params={"limit": 1}).raise_for_status().json()
    assert [(each["alert"]["alert_id"], each["case_id"]) for each in page["items"]] == [("listed", case)]
    listed = joining.http.get("/api/cases", params={"customer_id": customer["customer_id"]}).raise_for_status().json()
    assert [each["alert_count"] for each in listed["items"]] == [2]


def test_merged_case_ends_and_goes_on_when_detached(joining: LocalStack) -> None:
    customer = joining.customer("account_takeover", 2)
    case = joining.start_case(foreign_login(customer))
    joining.wait_for_case(case, lambda view: view.review is not None)
    joining.start_case(second_alert(customer, "moved"))
    joining.wait_for_case(case, lambda view: view.round == 2 and view.review is not None)

    def order(path: str, **body: str) -> dict[str, Any]:
        return joining.http.post(f"/api/cases/{path}", json=body).raise_for_status().json()

    other = order(f"{case}/alerts/moved/detach", reason="Another story.")["case_id"]
    joining.wait_for_case(other, lambda view: view.review is not None)
    joining.wait_for_case(case, lambda view: view.round == 3 and view.review is not None)

    assert order(f"{other}/merge", into=case, reason="One story after all.")["case_id"] == case
    joining.wait_for_case(case, lambda view: view.round == 4 and view.review is not None)
    wait_for_end(joining, other, "merged")

    assert order(f"{case}/alerts/moved/detach", reason="Two stories.")["case_id"] == other
    apart = joining.wait_for_case(other, lambda view: view.round == 2 and view.review is not None)
    kept = joining.wait_for_case(case, lambda view: view.round == 5 and view.review is not None)
    for view in (apart, kept):
        assert [alert.moved_to for alert in view.alerts if alert.alert.alert_id == "moved"] in ([None], [other])
        assert joining.decide(view, "approve", action="lock_account").status_code == 202
        joining.wait_for_case(view.case_id, lambda view: view.state == "closed")


def test_lines_of_the_readme_work_beside_an_open_case(joining: LocalStack) -> None:
    sign_in, start, show, approve, _ = lines_to_try()
    earlier = second_alert({**joining.customer("account_takeover"), "customer_id": 1}, "before-the-readme")
    case = joining.start_case(earlier)
    joining.wait_for_case(case, lambda view: view.review is not None)
    assert run(f"{sign_in}\n{start}", joining).strip() == case
    joining.wait_for_case(case, lambda view: view.round > 1 and view.review is not None)
    again = f"{sign_in}\n{start} >&2"
    assert json.loads(run(f"{again}\n{show}", joining))["state"] == "awaiting_review"
    assert json.loads(run(f"{again}\n{approve}", joining))["status"] == "accepted"
    joining.wait_for_case(case, lambda view: view.state == "closed")


def wait_for_end(joining: LocalStack, case: str, result: str) -> None:
    """Until the orchestration of a case has ended like this."""
    pause = Event()
    for _ in range(int(WAIT_S / 0.05)):
        if joining.http.get(f"/api/workflow/status/{case}").raise_for_status().json()["result"] == result:
            return
        pause.wait(0.05)  # the end of an orchestration is no event of its case
    raise AssertionError(f"the orchestration of {case} has not ended as {result}")
