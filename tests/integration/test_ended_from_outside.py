"""An operator ends an orchestration in the scheduler, past the desk: the desk says so."""

from durabletask.azuremanaged.client import DurableTaskSchedulerClient

from tests.integration.test_one_case import awaits_review
from tests.support.alerts import foreign_login
from tests.support.stack import LocalStack


def test_a_case_whose_orchestration_an_operator_terminates_is_closed_as_failed(stack: LocalStack) -> None:
    case_id = stack.start_case(foreign_login(stack.customer("sim_swap", 2), alert_id="terminated"))
    view = stack.wait_for_case(case_id, awaits_review(1))
    operator = DurableTaskSchedulerClient(
        host_address=f"http://127.0.0.1:{stack.env['SCHEDULER_PORT']}",
        taskhub="default",
        token_credential=None,
        secure_channel=False,
    )
    try:
        operator.terminate_orchestration(case_id, output="cleaning up")
    finally:
        operator.close()

    closed = stack.wait_for_case(case_id, lambda case: case.state == "closed")

    assert closed.outcome == "failed"
    assert closed.review is None
    history = stack.http.get(f"/api/cases/{case_id}/history").json()["items"]
    assert (history[-1]["type"], history[-1]["actor"]) == ("case_closed", "system")
    assert history[-1]["data"]["reason"] == "The investigation was terminated in the scheduler: cleaning up"
    stack.wait_for_line(f"{case_id} is closed as failed, and nothing goes on with it.")
    assert stack.decide(view, "approve", action="lock_account").status_code == 409
