"""The action gateway and the fact checks against the real tool server: what they send is what it understands."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import JsonValue

from contracts.actions import EffectAction, ReversalAction
from contracts.investigation import FactCheck
from contracts.write_calls import effect_call, reversal_call
from tests.support.tool_access import Keys
from tests.unit.mcp_server.support import environment, serving
from worker.activities.facts import FactActivities
from worker.adapters.client_loop import ClientLoop
from worker.adapters.mcp_actions import McpActionGateway
from worker.adapters.mcp_session import McpSession
from worker.adapters.mcp_tools import McpToolBox
from worker.ports.actions import ActionRefused, ActionsUnavailable, LedgerEntry
from worker.ports.record import CaseRecord
from worker.ports.tools import ToolInvocation, ToolsUnavailable

pytestmark = pytest.mark.integration

CUSTOMER = 12
LOCK, UNLOCK = "case-1:lock_account:12", "case-1:unlock_account:12:1"
REFUND, BACK = "case-1:refund_charges:12", "case-1:reverse_refund:12:2"


@dataclass(frozen=True)
class Granting:
    """A gateway each of whose calls people have approved."""

    gateway: McpActionGateway
    keys: Keys

    def look_up(self, key: str) -> LedgerEntry | None:
        return self.gateway.look_up(key)

    def perform(self, action: EffectAction, **told: Any) -> dict[str, JsonValue]:
        call = effect_call(action, **told)
        return self.gateway.perform(action, **told, grant=self.keys.grant(call.tool, call.arguments))

    def reverse(self, action: ReversalAction, **told: Any) -> dict[str, JsonValue]:
        call = reversal_call(action, **told)
        return self.gateway.reverse(action, **told, grant=self.keys.grant(call.tool, call.arguments))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store") / "customers.db"


@pytest.fixture(scope="module")
def url(store: Path) -> Iterator[str]:
    with serving(environment(store)) as (_, address):
        yield address


@pytest.fixture
def gateway(loop: ClientLoop, url: str, store: Path) -> Granting:
    keys = Keys.beside(store)
    session = McpSession(url, keys.acting())
    loop.close_with(session.close)
    return Granting(McpActionGateway(session, loop), keys)


@pytest.fixture
def tools(loop: ClientLoop, url: str, store: Path) -> McpToolBox:
    session = McpSession(url, Keys.beside(store).reading())
    loop.close_with(session.close)
    return McpToolBox(session, loop)


def test_ledger_tells_what_was_done_under_a_key(gateway: Granting) -> None:
    before = gateway.look_up(LOCK)
    locked = gateway.perform("lock_account", customer_id=CUSTOMER, key=LOCK, reason="case-1: approved by ana")
    entry = gateway.look_up(LOCK)

    assert before is None
    assert entry is not None
    assert (entry.action, entry.customer_id, entry.result) == ("lock_account", CUSTOMER, locked)
    unlock = partial(gateway.reverse, "unlock_account", customer_id=CUSTOMER, reason="case-1: approved by maria")
    with pytest.raises(ActionRefused, match="No lock under the key 'case-2:lock_account:12' is on the account"):
        unlock(key=UNLOCK, undoes="case-2:lock_account:12")
    unlocked = unlock(key=UNLOCK, undoes=LOCK)
    assert (unlocked["already_active"], unlocked["status"], unlocked["still_locked_by"]) == (False, "active", [])


def test_facts_and_refund_reversals_speak_of_the_same_charges(gateway: Granting, tools: McpToolBox) -> None:
    (answer,) = tools.invoke(
        [ToolInvocation(tool="get_recent_charges", arguments={"customer_id": CUSTOMER, "days": 120})], 30
    )
    assert isinstance(answer.result, dict)
    assert isinstance(answer.result["charges"], list)
    charge = answer.result["charges"][0]
    assert isinstance(charge, dict)
    charge_id = str(charge["charge_id"])
    check = FactCheck(case_id="case-1", customer_id=CUSTOMER, action="refund_charges", refund_charge_ids=(charge_id,))
    facts = FactActivities(cast("CaseRecord", object()), tools)

    before = facts.read(check)
    assert before.refund_total is not None
    refund = partial(
        gateway.perform, "refund_charges", customer_id=CUSTOMER, reason="case-1: ok", charge_ids=[charge_id]
    )
    more = [money.model_copy(update={"amount_minor": money.amount_minor + 1}) for money in before.refund_total]
    with pytest.raises(ActionRefused, match="nothing was refunded, look at the charges and decide again"):
        refund(key=REFUND, expected_total=more)
    refund(key=REFUND, expected_total=before.refund_total)
    after = facts.read(check)
    back = gateway.reverse("reverse_refund", customer_id=CUSTOMER, undoes=REFUND, key=BACK, reason="case-1: no")

    assert [money.amount_minor for money in before.refund_total] == [charge["amount_minor"]]
    (change,) = after.changes
    assert change.startswith(f"Charge {charge_id} cannot be refunded: it was refunded at ")
    assert change.endswith(f"Z by an order of no case (under the key '{REFUND}').")
    assert back["amount_minor"] == charge["amount_minor"]
    entry = gateway.look_up(BACK)
    assert entry is not None
    assert entry.action == "record_refund_reversal"
    with pytest.raises(ActionRefused, match="already reversed"):
        gateway.reverse("reverse_refund", customer_id=CUSTOMER, undoes=REFUND, key=BACK + "1", reason="case-1: no")


def test_server_back_from_a_kill_is_asked_at_once(loop: ClientLoop, tmp_path: Path) -> None:
    path = tmp_path / "customers.db"
    env = environment(path)
    with serving(env) as (process, url):
        keys = Keys.beside(path)
        session, reading = McpSession(url, keys.acting()), McpSession(url, keys.reading())
        loop.close_with(session.close)
        loop.close_with(reading.close)
        gateway, tools = Granting(McpActionGateway(session, loop), keys), McpToolBox(reading, loop)
        customer = ToolInvocation(tool="get_customer", arguments={"customer_id": CUSTOMER})
        locked = gateway.perform("lock_account", customer_id=CUSTOMER, key=LOCK, reason="case-1: approved by ana")
        assert tools.invoke([customer], 30)[0].ok
        process.kill()
        process.wait(30)
        with pytest.raises(ActionsUnavailable):
            gateway.look_up(LOCK)
        with pytest.raises(ToolsUnavailable):
            tools.invoke([customer], 30)
    with serving({**env, "MCP_PORT": url.rsplit(":", 1)[1].removesuffix("/mcp")}):
        entry = gateway.look_up(LOCK)
        again = gateway.perform("lock_account", customer_id=CUSTOMER, key=LOCK, reason="case-1: approved by ana")
        (answer,) = tools.invoke([customer], 30)

    assert entry is not None
    assert entry.result == locked
    assert again == {**locked, "replayed": True}
    assert isinstance(answer.result, dict)
    assert answer.result["status"] == "locked"
