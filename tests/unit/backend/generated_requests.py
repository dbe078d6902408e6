"""Requests that Schemathesis generates from the OpenAPI document, sent to a running backend as one caller."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, cast

import schemathesis
from schemathesis import AuthContext
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from sqlalchemy import insert, select

from backend.app import create_app
from backend.auth.identity import Identity
from backend.auth.sessions import hash_of
from casebook.database.transactions import Transactions
from casebook.schema.base import table_of
from casebook.schema.sessions import SessionRow
from tests.unit.backend.support import YEAR, RunningBackend, secret_for

SEED = 1
PHASES = ("examples", "coverage", "fuzzing", "stateful")
CHECKS: Mapping[str, Mapping[str, object]] = {
    # 503 is documented where a part that is away is needed: some are away here.
    "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", 503]},
    # The document does not say all that is refused: rules about two fields, and what must exist.
    "positive_data_acceptance": {"enabled": False},
    "negative_data_rejection": {"enabled": False},
    "missing_required_header": {"enabled": False},
}


OPERATIONS: Sequence[Mapping[str, object]] = [
    {
        # To another method, `resend` is the number of a letter, and a wrong one.
        "include-path": "/api/subscriptions/{subscription_id}/dead-letters/resend",
        "checks": {"unsupported_method": {"enabled": False}},
    }
]


@dataclass
class Outcome:
    """What was answered."""

    statuses: Counter[int] = field(default_factory=Counter[int])
    """Of all requests, those without or with wrong credentials among them."""
    faults: list[str] = field(default_factory=list[str])
    """What is not as the document says, one text each."""

    @property
    def requests(self) -> int:
        return self.statuses.total()


class SessionOf:
    """Shows the session of one caller with each request, and begins another one where a request has ended it."""

    def __init__(self, transactions: Transactions, identity: Identity) -> None:
        self._transactions = transactions
        self._identity = identity
        self._numbers = count()
        self._number: int | None = None

    def get(self, case: Any, ctx: AuthContext) -> str:
        """The secret of a session that is open."""
        sessions = table_of(SessionRow)
        with self._transactions.write_apart() as connection:
            secret_hash = hash_of(self._secret)
            of_secret = select(sessions.c.session_id).where(sessions.c.secret_hash == secret_hash)
            if connection.execute(of_secret.where(sessions.c.ended_at.is_(None))).first() is None:
                self._number = next(self._numbers)
                connection.execute(insert(sessions).values(self._row()))
        return self._secret

    def set(self, case: Any, data: str, ctx: AuthContext) -> None:
        """Put it into the request. The cookie would be the other way to show it: a request bears one of them."""
        case.headers["Authorization"] = f"Bearer {data}"

    @property
    def _secret(self) -> str:
        return secret_for(f"run{self._number}-{self._identity.subject}")

    def _row(self) -> dict[str, object]:
        now = self._transactions.now()
        return {
            "session_id": f"session-{self._number:032x}",
            "secret_hash": hash_of(self._secret),
            "subject": self._identity.subject,
            "name": self._identity.name,
            "roles": json.dumps(self._identity.roles),
            "scopes": json.dumps(self._identity.scopes),
            "kind": "program",
            "began_at": now,
            "last_used_at": now + YEAR,
            "idle_ends_at": now + YEAR,
            "ends_at": now + YEAR,
            "address": "127.0.0.1",
            "client": "tests",
        }


def send_generated(
    backend: RunningBackend,
    caller: Identity | None,
    known: Mapping[str, Sequence[str]],
    phases: Sequence[str],
    examples: int,
    share: slice = slice(None),
) -> Outcome:
    """Sends what the document allows, and what it does not.

    `caller`: None for somebody who is not signed in. `known`: values of path parameters that exist. `share`: of the
    operations, in their order.
    """
    schema = _schema(backend.url, known, phases, examples, share)
    if caller is not None:
        transactions = backend.wiring.services.record.blocking.transactions

        class Shown(SessionOf):
            def __init__(self) -> None:
                super().__init__(transactions, caller)

        schema.auth(refresh_interval=None)(Shown)
    outcome = Outcome()
    for event in from_schema(schema).execute():
        match event:
            case events.ScenarioFinished():
                _note(event.recorder, outcome)
            case events.NonFatalError():
                outcome.faults.append(f"{event.label}: {event.value!r}")
            case events.FatalError():
                raise event.exception
            case _:
                pass
    return outcome


def _schema(url: str, known: Mapping[str, Sequence[str]], phases: Sequence[str], examples: int, share: slice) -> Any:
    config = cast("Any", SchemathesisConfig).from_dict(
        {
            "seed": SEED,
            "workers": 1,
            "continue-on-failure": True,
            "base-url": url,
            "dictionaries": {name: {"values": [*values]} for name, values in known.items()},
            # Nobody writes a reply here that could be waited for.
            "parameters": {"query.wait": 0}
            | {f"path.{name}": {"dictionary": name, "probability": 0.7} for name in known},
            "generation": {"max-examples": examples, "with-security-parameters": False, "database": "none"},
            "phases": {name: {"enabled": name in phases} for name in PHASES},
            "checks": CHECKS,
            "operations": OPERATIONS,
        }
    )
    document = create_app().openapi()
    labels = [f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods]
    chosen = set(labels[share])
    # Its annotations leave out what its filters are of.
    described: Any = schemathesis.openapi.from_dict(document, config=config)

    def is_another(context: Any) -> bool:
        return context.operation.label not in chosen

    # `include` would add to what the configuration includes, which is everything.
    return described.exclude(is_another)


def _note(recorder: ScenarioRecorder, outcome: Outcome) -> None:
    for sent in recorder.interactions.values():
        outcome.statuses[sent.response.status_code if sent.response else 0] += 1
    for checks in recorder.checks.values():
        for check in checks:
            if check.failure_info is not None:
                failure = check.failure_info.failure
                said = f"{recorder.label}: {failure.title}\n{failure.message}\n{check.failure_info.code_sample}"
                outcome.faults.append(said)
