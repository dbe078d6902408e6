"""The tables, one module per noun. Importing one of them imports all, so `Base.metadata` is complete."""

from casebook.schema import (
    accesses,
    agent_journal,
    approvals,
    assignments,
    base,
    case_log,
    cases,
    desk_log,
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
    "accesses",
    "agent_journal",
    "approvals",
    "assignments",
    "base",
    "case_log",
    "cases",
    "desk_log",
    "effects",
    "identity",
    "model_spend",
    "refused_transitions",
    "reviews",
    "rounds",
    "workers",
    "workspace",
]
