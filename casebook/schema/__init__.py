"""The tables, a module for each noun. Whoever imports one of them knows all: `Base.metadata` is whole."""

from casebook.schema import (
    agent_journal,
    approvals,
    base,
    case_log,
    cases,
    effects,
    identity,
    model_spend,
    refused_transitions,
    reviews,
    rounds,
    workers,
    workspace,
)

__all__ = [
    "agent_journal",
    "approvals",
    "base",
    "case_log",
    "cases",
    "effects",
    "identity",
    "model_spend",
    "refused_transitions",
    "reviews",
    "rounds",
    "workers",
    "workspace",
]
