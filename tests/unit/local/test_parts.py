from pathlib import Path

import pytest

from local.parts import (
    BadSetting,
    Part,
    StackOptions,
    StackPlan,
    plan_stack,
    read_ports,
    stack_environment,
    without_secrets,
)
from worker.settings import WorkerSettings

DRAIN_DEFAULT: float = WorkerSettings.model_fields["worker_drain_seconds"].default
OPTIONS = StackOptions(data=Path("/data"), web_dist=Path("/web"))


def names(plan: StackPlan) -> list[str]:
    return [part.name for part in plan.parts]


def part(plan: StackPlan, name: str) -> Part:
    (found,) = [part for part in plan.parts if part.name == name]
    return found


def test_with_nothing_given_every_part_is_started() -> None:
    plan = plan_stack(OPTIONS, {})
    assert names(plan) == ["scheduler", "model", "mcp", "telemetry", "worker", "backend"]
    assert plan.url == "http://127.0.0.1:8001"
    assert plan.given == ()


def test_stack_for_anybody_has_nothing_far_away() -> None:
    with pytest.raises(BadSetting, match="AZURE_OPENAI_ENDPOINT is set, and AUTH_MODE=local lets everybody be anybody"):
        plan_stack(OPTIONS, {"AZURE_OPENAI_ENDPOINT": "https://example.openai.azure.com"})


@pytest.mark.parametrize(
    ("given", "left_out"),
    [
        ({"DTS_ENDPOINT": "http://127.0.0.1:9999"}, {"scheduler"}),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:9999/v1"}, {"model"}),
        ({"AUTH_MODE": "oidc", "AZURE_OPENAI_ENDPOINT": "https://example.openai.azure.com"}, {"model"}),
        ({"MCP_SERVER_URI": "http://127.0.0.1:9999/mcp"}, {"mcp", "telemetry"}),
        ({"TELEMETRY_URL": "http://127.0.0.1:9999/events"}, {"telemetry"}),
    ],
)
def test_given_service_gets_no_stand_in_and_reaches_parts(given: dict[str, str], left_out: set[str]) -> None:
    plan = plan_stack(OPTIONS, given)
    assert set(names(plan_stack(OPTIONS, {}))) - set(names(plan)) == left_out
    assert len(plan.given) == 1
    for name in ("worker", "backend"):
        environment = part(plan, name).environment(given)
        assert {key: environment[key] for key in given} == given


@pytest.mark.parametrize("name", ["DTS_ENDPOINT", "OPENAI_BASE_URL", "MCP_SERVER_URI", "TELEMETRY_URL"])
def test_a_given_address_is_said_without_its_credentials(name: str) -> None:
    plan = plan_stack(OPTIONS, {name: "http://me:hunter2@127.0.0.1:9999/v1?key=s3cret"})
    assert "127.0.0.1:9999/v1?…" in plan.given[0]
    assert "hunter2" not in plan.given[0]
    assert "s3cret" not in plan.given[0]


def test_the_simulator_gets_the_events_to_make_up() -> None:
    plan = plan_stack(StackOptions(Path("/data"), Path("/web"), seed=42), {})
    argv = part(plan, "telemetry").argv
    assert argv[argv.index("--seed") + 1] == "42"


def test_a_recording_replaces_the_simulator() -> None:
    options = StackOptions(Path("/data"), Path("/web"), replay=(Path("/a.jsonl"), Path("/b.jsonl.gz")), pace=1.0)
    plan = plan_stack(options, {})
    assert "telemetry" not in names(plan)
    backend = part(plan, "backend").env
    assert backend["REPLAY_FILES"] == "/a.jsonl:/b.jsonl.gz"
    assert backend["REPLAY_PACE"] == "1.0"
    assert backend["EVENT_PRODUCER_ENABLED"] == "false"


def test_each_part_has_its_own_private_keys_only() -> None:
    given = {"MCP_CALLER_KEY": "given", "GRANT_KEY": "given"}
    plan = plan_stack(OPTIONS, given)
    told = {
        part.name: {value for value in part.environment(given).values() if value.startswith("/data/keys/")}
        for part in plan.parts
    }

    assert {name: paths for name, paths in told.items() if paths} == {
        "mcp": {"/data/keys/callers.json", "/data/keys/grant_keys.json"},
        "worker": {"/data/keys/worker.pem"},
        "backend": {"/data/keys/backend.pem", "/data/keys/grants.pem"},
    }
    assert not any("given" in part.environment(given).values() for part in plan.parts)


def test_keys_for_a_given_tool_server_are_given_too() -> None:
    given = {"MCP_SERVER_URI": "http://127.0.0.1:9999/mcp", "MCP_CALLER_KEY": "mine", "GRANT_KEY": "signs"}
    plan = plan_stack(OPTIONS, given)
    holders = {name: {part.name for part in plan.parts if name in part.environment(given)} for name in given}

    assert holders["MCP_CALLER_KEY"] == {"worker", "backend"}
    assert holders["GRANT_KEY"] == {"backend"}


def test_only_the_worker_sees_the_users_model_keys() -> None:
    plan = plan_stack(OPTIONS, {})
    keys = {"OPENAI_API_KEY": "sk-1", "AZURE_OPENAI_API_KEY": "sk-2", "MODEL_FAILOVER": "[]"}
    base = {**keys, "PATH": "/bin"}
    for each in plan.parts:
        environment = each.environment(base)
        assert environment["PATH"] == "/bin"
        assert {key in environment for key in keys} == {each.name == "worker"}


def test_only_casebook_users_see_its_database_address() -> None:
    url = "postgresql://casewright:password@db/casebook"
    plan = plan_stack(OPTIONS, {"CASEBOOK_URL": url})
    holders = {each.name for each in plan.parts if url in each.environment({"CASEBOOK_URL": url}).values()}
    assert holders == {"worker", "backend"}
    assert without_secrets({"CASEBOOK_URL": url, "OPENAI_API_KEY": "sk-1", "PATH": "/bin"}) == {"PATH": "/bin"}


def test_ports_can_be_moved() -> None:
    plan = plan_stack(OPTIONS, {"SCHEDULER_PORT": "18080", "BACKEND_PORT": "18001"})
    assert part(plan, "scheduler").port == 18080
    assert part(plan, "worker").env["DTS_ENDPOINT"] == "http://127.0.0.1:18080"
    assert plan.url == "http://127.0.0.1:18001"


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http", "80.5", "\uff18\uff10"])
def test_port_that_is_none_is_refused_with_its_name(text: str) -> None:
    with pytest.raises(BadSetting, match=r"MCP_PORT=.* is not a port"):
        read_ports({"MCP_PORT": text})


def test_two_parts_on_one_port_are_refused() -> None:
    with pytest.raises(BadSetting, match="share a port"):
        read_ports({"MCP_PORT": "8090"})


@pytest.mark.parametrize("drain", [None, "", "0.5", "25", "120", "nonsense"])
def test_worker_has_more_time_to_stop_than_to_drain(drain: str | None) -> None:
    env = {} if drain is None else {"WORKER_DRAIN_SECONDS": drain}
    worker = part(plan_stack(OPTIONS, env), "worker")

    drains_for = float(drain) if drain and drain != "nonsense" else DRAIN_DEFAULT
    assert worker.stop_grace_s is not None
    assert worker.stop_grace_s >= drains_for + 5


def test_no_secret_escapes_for_the_case_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-hunter2")
    given = {
        "openai_api_key_file": str(tmp_path / "key"),
        "Grant_Key": "hunter2",
        "openai_model": "gpt",
        "http_proxy": "x",
    }
    env = stack_environment(given)
    assert env == {"OPENAI_API_KEY": "sk-hunter2", "GRANT_KEY": "hunter2", "OPENAI_MODEL": "gpt", "http_proxy": "x"}
    plan = plan_stack(OPTIONS, env)
    assert "model" not in names(plan)
    for each in plan.parts:
        held = {value for value in each.environment(env).values() if "hunter2" in value}
        assert held == ({"sk-hunter2"} if each.name == "worker" else set())
    assert "hunter2" not in str(without_secrets(env))


@pytest.mark.parametrize("name", ["KEY_VAULT_URL", "key_vault_url"])
def test_stack_on_one_machine_reads_no_vault(name: str) -> None:
    with pytest.raises(BadSetting, match="KEY_VAULT_URL is set, and the stack on one machine reads no vault: unset it"):
        stack_environment({name: "https://desk.vault.test", "AUTH_MODE": "oidc"})
