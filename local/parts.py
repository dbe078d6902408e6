"""The processes of the local stack with their command lines and environments: pure, so that tests can check a table."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from contracts.addresses import without_credentials
from contracts.far_settings import why_far
from contracts.stopping import grace_seconds
from runtime.secret_sources import IN_FILE, with_files_read

PartName = Literal["scheduler", "model", "mcp", "telemetry", "worker", "backend"]

DEFAULT_PORTS: Mapping[str, int] = {
    "SCHEDULER_PORT": 8080,
    "MODEL_PORT": 8090,
    "MCP_PORT": 8000,
    "TELEMETRY_PORT": 8070,
    "BACKEND_PORT": 8001,
}

# A part sees only the secrets that it needs: the others are taken out of its environment.
SECRETS: Mapping[str, frozenset[PartName]] = {
    "CASEBOOK_URL": frozenset({"worker", "backend"}),  # a database's address holds its password
    "EVENTHUB_EVENTS_CONNECTION_STRING": frozenset({"backend"}),
    "EVENTHUB_TELEMETRY_CONNECTION_STRING": frozenset({"backend"}),
    "EVENTHUB_CHECKPOINT_CONNECTION_STRING": frozenset({"backend"}),
    "GRANT_KEY": frozenset({"backend"}),
    "MCP_CALLER_KEY": frozenset({"worker", "backend"}),
    "OPENAI_API_KEY": frozenset({"worker"}),
    "AZURE_OPENAI_API_KEY": frozenset({"worker"}),
    "MODEL_FAILOVER": frozenset({"worker"}),  # names deployments with their keys
    # Other addresses may hold a password or a key, too.
    "OPENAI_BASE_URL": frozenset({"worker", "backend"}),
    "MCP_SERVER_URI": frozenset({"worker", "backend"}),
    "TELEMETRY_URL": frozenset({"worker", "backend"}),
}


OPENAI_URL = "https://api.openai.com/v1"
RULES_MODEL = "casewright-rules-1"


class BadSetting(Exception):
    """A setting of the stack is wrong; the message is one sentence that says which and how to mend it."""


def stack_environment(given: Mapping[str, str]) -> dict[str, str]:
    """The environment of the parts, before each is given what is its own: with the secrets that are in files.

    Settings are read whatever the case of their names: here they are in capitals, so that none escapes for its name.
    Raises BadSetting and SecretUnreadable.
    """
    # Programs distinguish `http_proxy` from `HTTP_PROXY`; of other names, the last that is not empty counts.
    env = {name if name.endswith("_proxy") else name.upper(): value for name, value in given.items() if value}
    if env.get("KEY_VAULT_URL"):
        raise BadSetting("KEY_VAULT_URL is set, and the stack on one machine reads no vault: unset it.")
    return with_files_read(env, SECRETS)


def without_secrets(env: Mapping[str, str]) -> dict[str, str]:
    """`env` for a process that needs no secret."""
    return {name: value for name, value in env.items() if name not in SECRETS}


@dataclass(frozen=True)
class Part:
    """One process of the stack."""

    name: PartName
    argv: tuple[str, ...]
    port: int | None = None
    """The port that it listens on, on loopback; the worker has none."""
    ready_path: str | None = None
    """The HTTP path that answers 200 once it is ready; without one an open port is enough."""
    ready_file: Path | None = None
    """A file that it writes once it is ready, where it has no port."""
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    stop_grace_s: float | None = None
    """How long it may take to stop; None: as long as any part."""

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """`base` with this part's own settings, less the secrets that are not for it."""
        merged = {**base, **self.env}
        # The stack's own file has precedence over a secret that was given.
        for name in self.env:
            merged.pop(name.removesuffix(IN_FILE) if name.endswith(IN_FILE) else "", None)
        return {k: v for k, v in merged.items() if k not in SECRETS or self.name in SECRETS[k]}


@dataclass(frozen=True)
class StackPlan:
    """What to start, in this order, and where the result is to be found."""

    parts: tuple[Part, ...]
    url: str
    given: tuple[str, ...]
    """One sentence for each part that is not started because a given service is used."""


@dataclass(frozen=True)
class StackOptions:
    """What the command line asks for."""

    data: Path
    web_dist: Path
    replay: tuple[Path, ...] = ()
    pace: float = 0.0
    simulator: bool = True
    seed: int = 1
    """Which events the simulator makes up."""


def read_ports(env: Mapping[str, str]) -> dict[str, int]:
    """The port of every part. Raises BadSetting for one that is not a port number."""
    ports: dict[str, int] = {}
    for name, default in DEFAULT_PORTS.items():
        text = env.get(name, "")
        if text and not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
            raise BadSetting(f"{name}={text!r} is not a port: set it to a number from 1 to 65535, or unset it.")
        ports[name] = int(text or default)
    if len(set(ports.values())) < len(ports):
        raise BadSetting(
            f"Two parts share a port ({', '.join(f'{k}={v}' for k, v in ports.items())}): give each its own."
        )
    return ports


def given_model(env: Mapping[str, str]) -> str | None:
    """Where the model answers that `env` chooses; None for the local one.

    Raises BadSetting where it chooses half a model: nobody shall be shown the rules model who asked for another.
    """
    if endpoint := env.get("AZURE_OPENAI_ENDPOINT"):
        return endpoint
    if env.get("AZURE_OPENAI_CHAT_DEPLOYMENT"):
        raise BadSetting(
            "AZURE_OPENAI_CHAT_DEPLOYMENT is set and AZURE_OPENAI_ENDPOINT is not: "
            "set it to the address of the deployment, or unset both."
        )
    if endpoint := env.get("OPENAI_BASE_URL"):
        return endpoint
    model, has_key = env.get("OPENAI_MODEL"), bool(env.get("OPENAI_API_KEY"))
    if has_key and not model:
        raise BadSetting(
            "OPENAI_API_KEY is set and OPENAI_MODEL is not: "
            "set it to a model of OpenAI, or unset OPENAI_API_KEY to use the local model."
        )
    if model == RULES_MODEL:
        return None
    if model and not has_key:
        raise BadSetting(
            f"OPENAI_MODEL={model} is set and nothing says where it answers: set OPENAI_API_KEY for OpenAI or "
            "OPENAI_BASE_URL for another endpoint, or unset OPENAI_MODEL to use the local model."
        )
    return OPENAI_URL if model else None


def keys_folder(data: Path) -> Path:
    """Where the keys are with which the parts show each other who they are."""
    return data / "keys"


def plan_stack(options: StackOptions, env: Mapping[str, str]) -> StackPlan:
    """Decides which parts to start. A part whose service is given by `env` gets no stand-in. Raises BadSetting."""
    if (reason := why_far(env.get("AUTH_MODE") or "local", env)) is not None:
        raise BadSetting(reason)
    ports = read_ports(env)
    shared: dict[str, str] = {"CASEBOOK_URL": f"sqlite:///{options.data / 'casebook.db'}", "DTS_TASKHUB": "default"}
    shared |= {name: env[name] for name in ("CASEBOOK_URL", "DTS_TASKHUB") if env.get(name)}
    parts: list[Part] = []
    given: list[str] = []

    if endpoint := env.get("DTS_ENDPOINT"):
        given.append(f"scheduler: using DTS_ENDPOINT={without_credentials(endpoint)}")
    else:
        parts.append(_scheduler(options, ports))
        shared["DTS_ENDPOINT"] = f"http://127.0.0.1:{ports['SCHEDULER_PORT']}"
    if endpoint := given_model(env):
        given.append(f"model: using {without_credentials(endpoint)}")
    else:
        parts.append(_model(ports))
        shared["OPENAI_BASE_URL"] = f"http://127.0.0.1:{ports['MODEL_PORT']}/v1"
        shared["OPENAI_MODEL"] = RULES_MODEL
    if uri := env.get("MCP_SERVER_URI"):
        given.append(f"mcp: using MCP_SERVER_URI={without_credentials(uri)}")
    else:
        parts.append(_mcp(options, ports))
        shared["MCP_SERVER_URI"] = f"http://127.0.0.1:{ports['MCP_PORT']}/mcp"

    telemetry_url = env.get("TELEMETRY_URL", "")
    if telemetry_url:
        given.append(f"telemetry: using TELEMETRY_URL={without_credentials(telemetry_url)}")
    elif hub := env.get("EVENTHUB_TELEMETRY_NAME"):
        given.append(f"telemetry: using EVENTHUB_TELEMETRY_NAME={hub}")
    elif options.simulator and not options.replay and not env.get("MCP_SERVER_URI"):
        parts.append(_telemetry(options, ports, env))
        telemetry_url = f"http://127.0.0.1:{ports['TELEMETRY_PORT']}/events"
    keys = keys_folder(options.data) if any(part.name == "mcp" for part in parts) else None
    parts.append(_worker(options, shared | _keys_of("worker", keys), env))
    parts.append(_backend(options, ports, shared | _keys_of("backend", keys), telemetry_url, env))
    return StackPlan(tuple(parts), f"http://127.0.0.1:{ports['BACKEND_PORT']}", tuple(given))


def _module(name: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", name, *arguments)


def _scheduler(options: StackOptions, ports: Mapping[str, int]) -> Part:
    port = ports["SCHEDULER_PORT"]
    arguments = ("--port", str(port), "--data", str(options.data / "scheduler"))
    return Part("scheduler", _module("local.scheduler", *arguments), port)


def _model(ports: Mapping[str, int]) -> Part:
    port = ports["MODEL_PORT"]
    return Part("model", _module("local.model", "--port", str(port)), port, "/healthz")


def _keys_of(part: PartName, keys: Path | None) -> dict[str, str]:
    """Where a part finds its own private keys; none for a tool server that is given."""
    if keys is None:
        return {}
    own = {f"MCP_CALLER_KEY{IN_FILE}": str(keys / f"{part}.pem")}
    return own | ({f"GRANT_KEY{IN_FILE}": str(keys / "grants.pem")} if part == "backend" else {})


def _mcp(options: StackOptions, ports: Mapping[str, int]) -> Part:
    port, keys = ports["MCP_PORT"], keys_folder(options.data)
    env = {
        "MCP_HOST": "127.0.0.1",
        "MCP_PORT": str(port),
        "MCP_AUTH": "keys",
        "MCP_CALLERS_FILE": str(keys / "callers.json"),
        "MCP_GRANT_KEYS_FILE": str(keys / "grant_keys.json"),
    }
    return Part("mcp", _module("mcp_server"), port, "/healthz", env=env | store_environment(options.data))


def store_environment(data: Path) -> dict[str, str]:
    """Where the local customer store lies."""
    return {"CUSTOMER_STORE_PATH": str(data / "customers.db")}


def profiles_file(data: Path) -> Path:
    """What the telemetry simulator knows about the customers."""
    return data / "profiles.jsonl"


def _telemetry(options: StackOptions, ports: Mapping[str, int], env: Mapping[str, str]) -> Part:
    port = ports["TELEMETRY_PORT"]
    arguments = ["--port", str(port), "--profiles", str(profiles_file(options.data)), "--seed", str(options.seed)]
    if interval := env.get("EVENT_INTERVAL_SECONDS"):
        arguments += ["--interval", interval]
    return Part("telemetry", _module("local.telemetry", *arguments), port, "/healthz")


def _worker(options: StackOptions, shared: Mapping[str, str], env: Mapping[str, str]) -> Part:
    ready = options.data / "worker.ready"
    own = {**shared, "WORKER_READY_FILE": str(ready)}
    grace_s = grace_seconds(env.get("WORKER_DRAIN_SECONDS"))
    return Part("worker", _module("worker"), ready_file=ready, env=own, stop_grace_s=grace_s)


def _backend(
    options: StackOptions,
    ports: Mapping[str, int],
    shared: Mapping[str, str],
    telemetry_url: str,
    env: Mapping[str, str],
) -> Part:
    port = ports["BACKEND_PORT"]
    own = {
        **shared,
        "BACKEND_HOST": "127.0.0.1",
        "BACKEND_PORT": str(port),
        "WEB_DIST": str(options.web_dist),
        "TELEMETRY_URL": telemetry_url,
        "EVENT_PRODUCER_ENABLED": "true" if telemetry_url else "false",
        "REPLAY_FILES": ":".join(str(file) for file in options.replay),
        "REPLAY_PACE": str(options.pace),
        "LAB_RECORDINGS": env.get("LAB_RECORDINGS") or str(options.data / "recordings"),
    }
    return Part("backend", _module("backend"), port, "/ready", env=own)
