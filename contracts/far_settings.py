"""Keeps a desk on which anybody may be anybody away from what is real."""

from collections.abc import Mapping

from contracts.addresses import is_loopback

LETS_EVERYBODY_IN = frozenset({"local", "demo"})
FAR_PREFIXES = ("OIDC_", "AZURE_OPENAI_")
FAR_NAMES = frozenset(
    {
        "AZURE_CLIENT_ID",
        "AZURE_TENANT_ID",
        "AZURE_CLIENT_SECRET",
        "AZURE_FEDERATED_TOKEN_FILE",
        "APPLICATIONINSIGHTS_CONNECTION_STRING",
        "EVENTHUB_TELEMETRY_NAMESPACE",
        "EVENTHUB_CHECKPOINT_URL",
        "EVENTHUB_EVENTS_NAMESPACE",
        "KEY_VAULT_URL",
    }
)
"""Settings that only an installation in Azure has, or one with a sign-in provider."""
REAL_NAMES = frozenset({"OPENAI_API_KEY", "MODEL_FAILOVER", "EVENTHUB_TELEMETRY_NAME", "EVENTHUB_EVENTS_NAME"})
"""Of a model or a broker besides: a demonstration has its own of each."""
ADDRESSES = frozenset({"OPENAI_BASE_URL", "DTS_ENDPOINT", "MCP_SERVER_URI", "TELEMETRY_URL"})
"""Of services: a demonstration has its own, on loopback."""


def why_far(mode: str, environment: Mapping[str, str]) -> str | None:
    """Why an installation may not start; None: it may.

    `mode`: its `AUTH_MODE`. Where that lets everybody in, no setting may lead to what not everybody should get at.
    """
    if mode == "oidc":
        return None
    # Settings are read whatever the case of their names.
    found = sorted(name for name, value in environment.items() if value and _is_far(name.upper(), value, mode))
    if not found:
        return None
    return (
        f"{', '.join(found)} {'is' if len(found) == 1 else 'are'} set, and AUTH_MODE={mode} lets everybody be "
        "anybody: unset what is far away, or set AUTH_MODE=oidc."
    )


def why_far_from_desk(environment: Mapping[str, str], unless_said: str = "") -> str | None:
    """The same for the mode that an environment says; for one that says none, `unless_said`.

    A process that nobody signs in to has no mode, unless it is told that of its desk. To be asked before any setting is
    looked up elsewhere.
    """
    said = [value for name, value in environment.items() if name.upper() == "AUTH_MODE" and value]
    mode = said[-1] if said else unless_said
    return why_far(mode, environment) if mode in LETS_EVERYBODY_IN else None


def _is_far(name: str, value: str, mode: str) -> bool:
    if name.startswith(FAR_PREFIXES) or name in FAR_NAMES or name == "MODEL_FAILOVER_FILE":
        return True
    if name == "DTS_ENDPOINT" and value.lower().startswith("https://"):
        return True
    if name == "MODEL_FAILOVER" and "AZURE_OPENAI_" in value.upper():
        return True
    if mode != "demo":
        return False
    if name.endswith("_FILE"):
        # What a file leads to is known only to whoever reads it.
        held = name.removesuffix("_FILE")
        return held in REAL_NAMES or held in ADDRESSES or held == "CASEBOOK_URL"
    return (
        name in REAL_NAMES
        or (name in ADDRESSES and not is_loopback(value))
        or (name == "CASEBOOK_URL" and not value.startswith("sqlite:"))
    )
