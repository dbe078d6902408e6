"""The README's curl lines, run as they are written."""

import json
import re
import subprocess
from pathlib import Path

from tests.integration.test_one_case import awaits_review
from tests.support.stack import LocalStack

README = (Path(__file__).parents[2] / "README.md").read_text()


def curl_lines() -> list[str]:
    return [line for line in README.splitlines() if line.startswith("curl ")]


def run(line: str, stack: LocalStack) -> str:
    ports = {":8001": f":{stack.env['BACKEND_PORT']}", ":8000": f":{stack.env['MCP_PORT']}"}
    here = re.sub(r":800[01]\b", lambda match: ports[match.group()], line)
    return subprocess.run(["bash", "-c", here], capture_output=True, text=True, check=True, timeout=30).stdout


def test_the_five_lines_take_a_case_from_alert_to_locked_account(stack: LocalStack) -> None:
    ready, start, show, approve, ask = curl_lines()
    assert json.loads(run(ready, stack))["status"] == "ready"
    assert json.loads(run(start, stack))["instance_id"] == "case-readme"
    stack.wait_for_case("case-readme", awaits_review(1))
    assert json.loads(run(show, stack))["state"] == "awaiting_review"
    assert json.loads(run(approve, stack))["status"] == "accepted"
    stack.wait_for_case("case-readme", lambda view: view.state == "closed")
    answer = json.loads(run(ask, stack))
    assert answer["result"]["structuredContent"]["status"] == "locked"
