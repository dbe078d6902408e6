"""A worker that may only read carries nothing out, and takes nothing for refused; what is granted is done once."""

import os
import signal
from pathlib import Path

from tests.integration.test_one_case import account_status, awaits_review
from tests.support.alerts import foreign_login
from tests.support.casebooks import freeze
from tests.support.stack import LocalStack
from tests.unit.worker.support.process import WorkerProcess, environment


def test_an_approved_lock_waits_for_the_right_worker(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'data' / 'casebook.db'}"
    with LocalStack(tmp_path / "data", "--no-simulator") as stack:
        customer = stack.customer("account_takeover")
        asked = stack.wait_for_case(stack.start_case(foreign_login(customer)), awaits_review(1))
        freeze(stack.pid("worker"), url)
        more = {
            "CASEBOOK_URL": url,
            "MCP_CALLER_KEY": stack.keys.key("backend").pem,
            "OPENAI_MODEL": "casewright-rules-1",
        }
        env = environment(tmp_path, stack.mcp_url, int(stack.env["SCHEDULER_PORT"]), **more)
        wrong = WorkerProcess(env | {"OPENAI_BASE_URL": f"{stack.model_url}/v1"})
        try:
            begins = f"The tool server at {stack.mcp_url} does not let this worker call"
            wrong.says(f"{begins} lock_account or record_refund_reversal or refund_charges or unlock_account: give")
            assert stack.decide(asked, "approve", action="lock_account").status_code == 202
            said = wrong.says(f"{begins} get_effect: give the worker a key that the tool server knows")
            assert " level=error " in said
            # The right worker acts as soon as it goes on.
            meanwhile = stack.case(asked.case_id).state, account_status(stack, customer["customer_id"])
        finally:
            wrong.close()
            os.kill(stack.pid("worker"), signal.SIGCONT)

        assert meanwhile == ("acting", "active")
        closed = stack.wait_for_case(asked.case_id, lambda view: view.state == "closed")

        assert closed.outcome == "account_locked"
        assert [(effect.action, effect.status) for effect in closed.effects] == [("lock_account", "done")]
        assert account_status(stack, customer["customer_id"]) == "locked"
