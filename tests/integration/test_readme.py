"""The README's curl lines, run as they are written."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from tests.integration.test_one_case import awaits_review
from tests.support.stack import LocalStack

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def lines_to_try() -> list[str]:
    section = README.split("## Try it from a second terminal")[1]
    return section.split("```sh\n")[1].split("```")[0].splitlines()


def run(line: str, stack: LocalStack) -> str:
    ports = {":8001": f":{stack.env['BACKEND_PORT']}", ":8000": f":{stack.env['MCP_PORT']}"}
    here = re.sub(r":800[01]\b", lambda match: ports[match.group()], line)
    env = {**os.environ, "CUSTOMER_STORE_PATH": str(stack.data / "customers.db")}
    done = subprocess.run(
        ["bash", "-c", here], cwd=ROOT, env=env, capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout


def test_five_lines_take_a_case_to_a_locked_account(stack: LocalStack) -> None:
    sign_in, start, show, approve, ask = lines_to_try()

    def run_signed_in(line: str) -> dict[str, Any]:
        return json.loads(run(f"{sign_in}\n{start} >&2\n{line}", stack))

    assert run(f"{sign_in}\n{start}", stack).strip() == "case-readme"
    stack.wait_for_case("case-readme", awaits_review(1))
    assert run_signed_in(show)["state"] == "awaiting_review"
    assert run_signed_in(approve)["status"] == "accepted"
    view = stack.wait_for_case("case-readme", lambda view: view.state == "closed")
    assert [decision.decided_by for decision in view.decisions] == ["ana"]
    answer = json.loads(run(ask, stack))
    assert answer["result"]["structuredContent"]["status"] == "locked"
