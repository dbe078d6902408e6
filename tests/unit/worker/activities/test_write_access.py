"""A worker without the write token of the real tool server: what is approved waits for it."""

from collections.abc import Callable, Iterator

import pytest

from contracts.investigation import Reconciliation
from tests.support.casebooks import CaseBook
from tests.unit.mcp_server.support import environment, serving
from tests.unit.worker.activities.test_actions import CTX, LOCK, an_order, shown
from worker.activities.actions import ActionActivities
from worker.activities.facts import FactActivities
from worker.adapters.client_loop import ClientLoop
from worker.adapters.mcp_actions import McpActionGateway
from worker.adapters.mcp_session import McpSession
from worker.adapters.mcp_tools import McpToolBox
from worker.ports.actions import MayNotWrite

pytestmark = pytest.mark.integration

GatewayWith = Callable[[str | None], McpActionGateway]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    store = tmp_path_factory.mktemp("store") / "customers.db"
    with serving(environment(store, MCP_WRITE_TOKEN="write")) as (_, address):
        yield address


@pytest.fixture
def loop() -> Iterator[ClientLoop]:
    with ClientLoop() as running:
        yield running


@pytest.fixture
def gateway_with(loop: ClientLoop, url: str) -> GatewayWith:
    def opened(token: str | None) -> McpActionGateway:
        session = McpSession(url, token)
        loop.close_with(session.close)
        return McpActionGateway(session, loop)

    return opened


def sentence(url: str, tools: str) -> str:
    return (
        f"The tool server at {url} does not let this worker call {tools}: "
        "give the worker the MCP_WRITE_TOKEN of the tool server."
    )


def test_an_approved_lock_waits_for_the_token(
    casebook: CaseBook, loop: ClientLoop, url: str, gateway_with: GatewayWith
) -> None:
    reading = McpSession(url)
    loop.close_with(reading.close)
    facts = FactActivities(casebook, McpToolBox(reading, loop))
    without, wrong, right = (ActionActivities(casebook, gateway_with(it), facts) for it in (None, "other", "write"))
    order = an_order(casebook)

    with pytest.raises(MayNotWrite) as raised:
        without.execute_action(CTX, order)
    with pytest.raises(MayNotWrite):
        wrong.execute_action(CTX, order)
    (waiting,) = wrong.reconcile_action(CTX, Reconciliation(order=order)).effects
    (done,) = right.reconcile_action(CTX, Reconciliation(order=order)).effects
    (again,) = right.execute_action(CTX, order).effects

    assert str(raised.value) == sentence(url, "lock_account")
    look_first = "Look in the store's ledger under this key before doing anything by hand."
    assert (waiting.status, waiting.result) == ("unknown", {"error": f"{raised.value} {look_first}"})
    assert shown(casebook) == {"lock_account": "done"}
    entry = gateway_with("write").look_up(LOCK)
    assert entry is not None
    assert done == again
    assert done.result == entry.result


def test_no_writer_takes_it_for_the_store_s_refusal(url: str, gateway_with: GatewayWith) -> None:
    gateway = gateway_with("other")
    with pytest.raises(MayNotWrite) as refund:
        gateway.perform("refund_charges", customer_id=12, key="k-1", reason="told", charge_ids=["ch-1"])
    with pytest.raises(MayNotWrite) as unlock:
        gateway.reverse("unlock_account", customer_id=12, undoes="k-0", key="k-2", reason="told")
    with pytest.raises(MayNotWrite) as back:
        gateway.reverse("reverse_refund", customer_id=12, undoes="k-0", key="k-3", reason="told")

    assert [str(refusal.value) for refusal in (refund, unlock, back)] == [
        sentence(url, tool) for tool in ("refund_charges", "unlock_account", "record_refund_reversal")
    ]


def test_a_worker_says_that_it_may_not_write(
    url: str, gateway_with: GatewayWith, caplog: pytest.LogCaptureFixture
) -> None:
    gateway_with("write").check_access()
    assert not [record for record in caplog.records if record.levelname == "ERROR"]

    gateway_with("other").check_access()

    (said,) = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert said == sentence(url, "lock_account or record_refund_reversal or refund_charges or unlock_account")
