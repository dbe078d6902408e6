"""The scenario files: what they promise, and what they refuse."""

from collections import Counter
from pathlib import Path

import pytest

from contracts.telemetry import LoginEvent, TransactionEvent
from mcp_server.contoso.generator import generate
from mcp_server.records.bundle import CustomerRecords
from tests.evaluation.scenario import AS_OF, SEED, BadScenario, Scenario, choose, read_scenarios
from tests.evaluation.scenario_seeder import ScenarioSeeder, SeededScenario

FRAUDS = {
    "account_takeover",
    "stolen_card",
    "sim_swap",
    "friendly_fraud",
    "subscription_abuse",
    "data_resale",
    "insider_unlock",
}
LOOK_ALIKES = {
    "travel",
    "gift_season",
    "new_phone",
    "family_plan",
    "roaming",
    "forgotten_password",
    "streaming_binge",
}
MINIMAL = """
[[scenario]]
id = "a-case"
fraud = false
customer = 133
home = "US"
why = "Nothing much happened to this customer."
expect = "clear"
cite = ["get_customer"]
alert = { type = "auth_failures" }
happens = [{ at = "-1h", what = "login_failed", times = 5, alert = "trigger" }]
"""


@pytest.fixture(scope="module")
def scenarios() -> tuple[Scenario, ...]:
    return read_scenarios()


@pytest.fixture(scope="module")
def told(scenarios: tuple[Scenario, ...]) -> list[tuple[SeededScenario, CustomerRecords]]:
    seeders = {scenario.customer: ScenarioSeeder(scenario) for scenario in scenarios}
    dataset = generate(SEED, AS_OF, seeders)
    return [(planter.seeded(), dataset.customers[number - 1]) for number, planter in seeders.items()]


def write(folder: Path, text: str) -> Path:
    (folder / "some_kind.toml").write_text(text, encoding="utf-8")
    return folder


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(BadScenario) as caught:
        read_scenarios(write(folder, text))
    return str(caught.value)


def test_there_are_enough_of_every_kind(scenarios: tuple[Scenario, ...]) -> None:
    kinds = Counter(scenario.kind for scenario in scenarios)
    assert set(kinds) == FRAUDS | LOOK_ALIKES
    assert min(kinds.values()) >= 4
    assert all(scenario.fraud is (scenario.kind in FRAUDS) for scenario in scenarios)


def test_every_asked_key_names_a_record_of_the_customer(
    told: list[tuple[SeededScenario, CustomerRecords]],
) -> None:
    for seeded, records in told:
        stored = records.model_dump_json()
        for key in (*seeded.scenario.records, *seeded.scenario.refund):
            assert f'"{seeded.ids[key]}"' in stored, f"{seeded.scenario.id}: {key}"
        charges = {charge.charge_id for charge in records.charges}
        assert {seeded.ids[key] for key in seeded.scenario.refund} <= charges, seeded.scenario.id


def test_nothing_lies_after_the_present(told: list[tuple[SeededScenario, CustomerRecords]]) -> None:
    for seeded, records in told:
        instants = [
            *(charge.at for charge in records.charges),
            *(entry.at for entry in records.security),
            *(ticket.opened_at for ticket in records.tickets),
            seeded.alert.raised_at,
        ]
        assert max(instants) <= AS_OF, seeded.scenario.id
        assert max(day.day for day in records.usage) < AS_OF.date(), seeded.scenario.id


def test_alerts_agree_with_the_records(told: list[tuple[SeededScenario, CustomerRecords]]) -> None:
    for seeded, records in told:
        entries = {(entry.at, entry.country, entry.device_id) for entry in records.security}
        amounts = {charge.charge_id: charge.amount_minor for charge in records.charges}
        for event in seeded.alert.trigger_events:
            seen = event.attributes
            if isinstance(event, LoginEvent):
                assert (event.occurred_at, event.attributes.country, event.attributes.device_id) in entries
            if isinstance(event, TransactionEvent):
                assert amounts[event.attributes.charge_id or ""] == event.attributes.amount * 100, seen
        baseline = seeded.alert.baseline
        assert baseline is not None
        assert baseline.threshold is not None
        assert baseline.observed >= baseline.threshold, f"{seeded.scenario.id} would have raised no alert"


def test_scenario_does_not_depend_on_the_others_seeded(
    told: list[tuple[SeededScenario, CustomerRecords]],
) -> None:
    seeded, records = told[0]
    alone = ScenarioSeeder(seeded.scenario)
    dataset = generate(SEED, AS_OF, {seeded.scenario.customer: alone})
    assert dataset.customers[seeded.scenario.customer - 1] == records
    assert alone.seeded() == seeded


def test_a_scenario_takes_its_kind_from_the_file(tmp_path: Path) -> None:
    assert [scenario.kind for scenario in read_scenarios(write(tmp_path, MINIMAL))] == ["some_kind"]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('"-1h"', '"1h"', "'1h' is no time before now: write it like -2d3h, -40m or -30s"),
        ('"-1h"', '"-soon"', "'soon' is no length of time"),
        ("fraud = false", "fraud = true", "'expect' is clear exactly when it is no fraud"),
        (', alert = "trigger"', "", "nothing that happens triggers the alert"),
        ("times = 5", 'who = "thief"', "there is no actor 'thief'"),
        ('cite = ["get_customer"]', 'cite = ["get_customer"]\nrecords = ["x"]', "nothing that happens has the key 'x'"),
        ('what = "login_failed"', 'what = "rain"', "rain"),
        ("[[scenario]]", "[[scenario", "is no TOML"),
    ],
)
def test_bad_scenario_is_refused_with_its_file_and_fault(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    message = refusal(tmp_path, MINIMAL.replace(old, new))
    assert message.startswith("some_kind.toml")
    assert sentence in message


def test_two_scenarios_cannot_share_a_customer(tmp_path: Path) -> None:
    assert "the customer 133" in refusal(tmp_path, MINIMAL + MINIMAL.replace("a-case", "another-case"))


def test_the_home_that_a_scenario_names_is_checked(tmp_path: Path) -> None:
    (scenario,) = read_scenarios(write(tmp_path, MINIMAL.replace('"US"', '"DE"')))
    with pytest.raises(BadScenario, match="customer 133 lives in US, not in DE"):
        generate(SEED, AS_OF, {133: ScenarioSeeder(scenario)})


def test_an_unknown_id_cannot_be_chosen(scenarios: tuple[Scenario, ...]) -> None:
    with pytest.raises(BadScenario, match="There is no scenario 'no-such'"):
        choose(scenarios, ["no-such"])
    assert [scenario.id for scenario in choose(scenarios, [scenarios[3].id])] == [scenarios[3].id]
