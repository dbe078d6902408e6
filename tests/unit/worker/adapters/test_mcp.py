"""The tool box and the action gateway against a real MCP server over Streamable HTTP."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.tool_access import GivenToken
from tests.unit.worker.support.tool_server import ToolServer
from worker.adapters.client_loop import ClientLoop
from worker.adapters.mcp_actions import McpActionGateway
from worker.adapters.mcp_session import McpSession
from worker.adapters.mcp_tools import McpToolBox
from worker.ports.actions import ActionsUnavailable, MayNotWrite
from worker.ports.tools import ToolInvocation, ToolsUnavailable


def a_session(loop: ClientLoop, url: str, token: str | None = None) -> McpSession:
    session = McpSession(url, None if token is None else GivenToken(token))
    loop.close_with(session.close)
    return session


def a_tool_box(loop: ClientLoop, url: str) -> McpToolBox:
    return McpToolBox(a_session(loop, url), loop)


def a_gateway(loop: ClientLoop, url: str, token: str | None = "write") -> McpActionGateway:
    return McpActionGateway(a_session(loop, url, token), loop)


def lock(gateway: McpActionGateway, customer_id: int = 7) -> dict[str, object]:
    done = gateway.perform(
        "lock_account", customer_id=customer_id, key="case-1:lock_account:7", reason="approved by anna"
    )
    return dict(done)


def a_look_up(customer_id: int = 7, tool: str = "get_customer", *, shareable: bool = False) -> ToolInvocation:
    return ToolInvocation(tool=tool, arguments={"customer_id": customer_id}, shareable=shareable)


def test_only_tools_that_are_marked_as_reading_are_offered(loop: ClientLoop, tool_server: ToolServer) -> None:
    described = {tool.name: tool for tool in a_tool_box(loop, tool_server.url).describe()}

    assert set(described) == {"get_customer", "get_slow"}
    assert described["get_customer"].description == "A customer."
    assert described["get_customer"].parameters["required"] == ["customer_id"]


def test_writing_tool_is_not_called_even_when_asked_for(loop: ClientLoop, tool_server: ToolServer) -> None:
    arguments = {"customer_id": 7, "reason": "because", "idempotency_key": "k"}

    (outcome,) = a_tool_box(loop, tool_server.url).invoke(
        [ToolInvocation(tool="lock_account", arguments=dict(arguments))], 60
    )

    assert (outcome.ok, outcome.result) == (False, {"error": "'lock_account' is not a read-only tool."})
    assert tool_server.calls == []


def test_calls_run_side_by_side_with_their_own_outcomes(loop: ClientLoop, tool_server: ToolServer) -> None:
    found, unknown, fault = a_tool_box(loop, tool_server.url).invoke([a_look_up(7), a_look_up(404), a_look_up(500)], 20)

    assert (found.ok, found.result) == (True, {"customer_id": 7, "name": "Ada"})
    assert (unknown.ok, unknown.result) == (False, {"error": "Customer 404 is not in the customer store."})
    assert fault.ok is False


@pytest.mark.parametrize(("shareable", "asked"), [(True, 2), (False, 3)])
def test_shareable_question_of_the_same_moment_is_asked_once(
    loop: ClientLoop, tool_server: ToolServer, shareable: bool, asked: int
) -> None:
    same = a_look_up(shareable=shareable)

    outcomes = a_tool_box(loop, tool_server.url).invoke([same, same, a_look_up(8, shareable=shareable)], 20)

    assert [outcome.result for outcome in outcomes] == [{"customer_id": id_, "name": "Ada"} for id_ in (7, 7, 8)]
    assert len(tool_server.calls) == asked


def test_each_waits_for_a_shared_answer_within_its_limit(loop: ClientLoop, tool_server: ToolServer) -> None:
    box, same = a_tool_box(loop, tool_server.url), a_look_up(tool="get_slow", shareable=True)
    box.describe()
    with ThreadPoolExecutor() as threads:
        patient = threads.submit(box.invoke, [same], 20)
        with pytest.raises(ToolsUnavailable, match=r"did not answer within 0\.2 seconds"):
            box.invoke([same], 0.2)
        tool_server.release.set()

        assert patient.result(60)[0].ok


def test_slow_tool_is_cut_off_without_delaying_others(loop: ClientLoop, tool_server: ToolServer) -> None:
    box = a_tool_box(loop, tool_server.url)
    box.invoke([a_look_up()], 20)

    quick, slow = box.invoke([a_look_up(), a_look_up(tool="get_slow")], 3)

    assert quick.ok
    assert (slow.ok, slow.result) == (False, {"error": "The tool did not answer within 3 seconds."})
    tool_server.release.set()
    assert box.invoke([a_look_up()], 20)[0].ok


def test_a_server_that_answers_nothing_in_time_is_unavailable(loop: ClientLoop, tool_server: ToolServer) -> None:
    box = a_tool_box(loop, tool_server.url)
    box.describe()

    with pytest.raises(ToolsUnavailable, match=r"did not answer within 0\.2 seconds"):
        box.invoke([a_look_up(tool="get_slow")], 0.2)


def test_store_that_is_down_is_worth_another_attempt(loop: ClientLoop, tool_server: ToolServer) -> None:
    with pytest.raises(ToolsUnavailable):
        a_tool_box(loop, tool_server.url).invoke([a_look_up(503)], 20)


def test_a_server_that_is_not_there_is_unavailable(loop: ClientLoop) -> None:
    with pytest.raises(ToolsUnavailable, match="could not be reached"):
        a_tool_box(loop, "http://127.0.0.1:9/mcp").describe()


def test_it_finds_the_server_again_after_a_restart(loop: ClientLoop, tool_server: ToolServer) -> None:
    box, gateway = a_tool_box(loop, tool_server.url), a_gateway(loop, tool_server.url)
    assert box.invoke([a_look_up()], 20)[0].ok
    lock(gateway)

    tool_server.stop()
    with pytest.raises(ToolsUnavailable):
        box.invoke([a_look_up()], 20)
    with pytest.raises(ActionsUnavailable):
        lock(gateway)
    tool_server.start()

    assert box.invoke([a_look_up()], 20)[0].ok
    assert lock(gateway)["customer_id"] == 7


def test_session_forgotten_by_a_restarted_server_is_replaced(loop: ClientLoop, tool_server: ToolServer) -> None:
    box, gateway = a_tool_box(loop, tool_server.url), a_gateway(loop, tool_server.url)
    box.invoke([a_look_up()], 20)
    lock(gateway)
    tool_server.stop()
    tool_server.start()

    assert [outcome.ok for outcome in box.invoke([a_look_up(), a_look_up(8)], 20)] == [True, True]
    assert lock(gateway)["customer_id"] == 7
    assert tool_server.calls.count("lock_account") == 2


def test_an_effect_carries_its_key(loop: ClientLoop, tool_server: ToolServer) -> None:
    gateway = a_gateway(loop, tool_server.url)

    locked = lock(gateway)
    refunded = gateway.perform(
        "refund_charges", customer_id=7, key="case-1:refund_charges:7", reason="approved", charge_ids=("ch-1", "ch-2")
    )

    assert locked == {"customer_id": 7, "key": "case-1:lock_account:7", "reason": "approved by anna"}
    assert (refunded["refunded"], refunded["key"]) == (["ch-1", "ch-2"], "case-1:refund_charges:7")


def test_without_a_token_that_acts_nothing_is_written(loop: ClientLoop, tool_server: ToolServer) -> None:
    with pytest.raises(MayNotWrite, match="MCP_CALLER_KEY"):
        lock(a_gateway(loop, tool_server.url, token=None))
    assert tool_server.calls == []


@pytest.mark.parametrize("customer_id", [500, 503])
def test_fault_in_the_store_is_retried_and_not_quoted(
    loop: ClientLoop, tool_server: ToolServer, customer_id: int
) -> None:
    with pytest.raises(ActionsUnavailable, match="out of order") as raised:
        lock(a_gateway(loop, tool_server.url), customer_id)
    assert "secret" not in str(raised.value)
