"""A worker whom the real tool server does not let act, or whom nobody has granted it: what is approved waits."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from backend.services.grants import Ed25519Signer
from casebook.grants_api import GrantsApi
from contracts.investigation import Reconciliation
from runtime.signatures import PrivateKey
from tests.support.casebooks import CaseBook
from tests.support.tool_access import Keys
from tests.unit.mcp_server.support import environment, serving
from tests.unit.worker.activities.test_actions import CTX, an_order, shown
from worker.activities.actions import ActionActivities
from worker.activities.facts import FactActivities
from worker.adapters.client_loop import ClientLoop
from worker.adapters.mcp_actions import McpActionGateway
from worker.adapters.mcp_session import McpSession
from worker.adapters.mcp_tools import McpToolBox
from worker.adapters.tool_tokens import ACTING, OwnTokens, TokenSource
from worker.ports.actions import MayNotWrite

pytestmark = pytest.mark.integration

GatewayWith = Callable[[TokenSource | None], McpActionGateway]


@dataclass(frozen=True)
class Tools:
    """A real tool server, and the keys of its callers."""

    url: str
    keys: Keys


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tools]:
    store = tmp_path_factory.mktemp("store") / "customers.db"
    with serving(environment(store)) as (_, address):
        yield Tools(address, Keys.beside(store))


@pytest.fixture
def loop() -> Iterator[ClientLoop]:
    with ClientLoop() as running:
        yield running


@pytest.fixture
def gateway_with(loop: ClientLoop, tools: Tools) -> GatewayWith:
    def opened(tokens: TokenSource | None) -> McpActionGateway:
        session = McpSession(tools.url, tokens)
        loop.close_with(session.close)
        return McpActionGateway(session, loop)

    return opened


@pytest.fixture
def activities_with(
    casebook: CaseBook, loop: ClientLoop, tools: Tools, gateway_with: GatewayWith
) -> Callable[[TokenSource | None], ActionActivities]:
    reading = McpSession(tools.url, tools.keys.reading())
    loop.close_with(reading.close)
    facts = FactActivities(casebook, McpToolBox(reading, loop))
    return lambda tokens: ActionActivities(casebook, gateway_with(tokens), facts)


def stranger() -> TokenSource:
    return OwnTokens(PrivateKey.new(), ACTING)


def sentence(url: str, tools: str) -> str:
    return (
        f"The tool server at {url} does not let this worker call {tools}: give the worker a key that the tool server "
        "knows with the scope 'act' (MCP_CALLER_KEY), or its identity the role 'tools.act'."
    )


def test_an_approved_lock_waits_for_key_and_grant(
    casebook: CaseBook, tools: Tools, activities_with: Callable[[TokenSource | None], ActionActivities]
) -> None:
    order = an_order(casebook)
    without, wrong = activities_with(None), activities_with(stranger())
    right, grants = activities_with(tools.keys.acting()), GrantsApi(casebook.transactions)

    for refused in (without, wrong):
        with pytest.raises(MayNotWrite) as raised:
            refused.execute_action(CTX, order)
        assert str(raised.value) == sentence(tools.url, "get_effect")
    with pytest.raises(MayNotWrite, match=r"the backend has not signed it yet\): it is sent again"):
        right.execute_action(CTX, order)
    (waiting,) = right.reconcile_action(CTX, Reconciliation(order=order)).effects
    grants.sign(order.case_id, Ed25519Signer(PrivateKey.new()))
    with pytest.raises(MayNotWrite, match="the key that signed it is not known here"):
        right.execute_action(CTX, order)
    grants.sign(order.case_id, Ed25519Signer(tools.keys.key("grants")))
    (done,) = right.execute_action(CTX, order).effects
    (again,) = right.reconcile_action(CTX, Reconciliation(order=order)).effects

    assert waiting.status == "unknown"
    assert (waiting.result or {})["error"] == (
        f"The approval of lock_account is not yet confirmed to the tool server at {tools.url} (the backend has not "
        "signed it yet): it is sent again, and nothing was done."
    )
    assert shown(casebook) == {"lock_account": "done"}
    assert done == again


def test_no_writer_takes_it_for_the_store_s_refusal(tools: Tools, gateway_with: GatewayWith) -> None:
    gateway = gateway_with(stranger())
    with pytest.raises(MayNotWrite) as refund:
        gateway.perform("refund_charges", customer_id=12, key="k-1", reason="told", charge_ids=["ch-1"])
    with pytest.raises(MayNotWrite) as unlock:
        gateway.reverse("unlock_account", customer_id=12, undoes="k-0", key="k-2", reason="told")
    with pytest.raises(MayNotWrite) as back:
        gateway.reverse("reverse_refund", customer_id=12, undoes="k-0", key="k-3", reason="told")

    assert [str(refusal.value) for refusal in (refund, unlock, back)] == [
        sentence(tools.url, tool) for tool in ("refund_charges", "unlock_account", "record_refund_reversal")
    ]


def test_a_worker_says_that_it_may_not_write(
    tools: Tools, gateway_with: GatewayWith, caplog: pytest.LogCaptureFixture
) -> None:
    gateway_with(tools.keys.acting()).check_access()
    assert not [record for record in caplog.records if record.levelname == "ERROR"]

    gateway_with(tools.keys.reading()).check_access()

    (said,) = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert said == sentence(tools.url, "lock_account or record_refund_reversal or refund_charges or unlock_account")
