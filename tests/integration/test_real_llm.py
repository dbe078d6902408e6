"""The agent loop against llama.cpp's server with a real language model: a server that nobody here wrote.

The model is far too small to judge anything: what is proven is that requests, tool calls by schema, tool results and
structured answers pass both ways.
"""

import os
import subprocess
import sys
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
from openai import OpenAI

from contracts.base import Contract
from tests.unit.worker.support.agents import no_journal
from tests.unit.worker.support.tool_server import ToolServer
from worker.adapters.client_loop import ClientLoop
from worker.adapters.mcp_session import McpSession
from worker.adapters.mcp_tools import McpToolBox
from worker.adapters.openai_model import OpenAIModel
from worker.adapters.providers import OpenAIProvider, open_client
from worker.agents.limits import Limits
from worker.agents.loop import AgentLoop, Assignment, Result
from worker.ports.model import ToolCalling

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = ROOT / ".llm"
SERVER = ROOT / "tests" / "support" / "llama_server.py"

pytestmark = [pytest.mark.xdist_group("llm"), pytest.mark.timeout(900)]  # one server, and a slow machine may be busy


class Impression(Contract):
    """Short, and without free text, which so small a model would never end."""

    suspicious: bool
    level: Literal["low", "medium", "high"]


@pytest.fixture(scope="module")
def llama() -> Generator[str]:
    """The address of llama.cpp's server."""
    assert INSTALLED.is_dir(), "There is no language model to test with: run ./scripts/setup llm."
    with subprocess.Popen(
        [sys.executable, str(SERVER)],
        env={**os.environ, "PYTHONPATH": str(INSTALLED)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:"), f"llama.cpp's server did not start (exit code {process.poll()})."
        try:
            yield f"{url}/v1"
        finally:
            process.kill()


@pytest.fixture(scope="module")
def tools() -> Generator[ToolServer]:
    server = ToolServer()
    server.start()
    yield server
    server.stop()


def investigate(url: str, tools_url: str, question: str, tool_calling: ToolCalling) -> Result[Impression]:
    with ClientLoop() as loop:
        client = open_client(OpenAIProvider(url, "smollm2"))
        session = McpSession(tools_url)
        loop.close_with(client.close)
        loop.close_with(session.close)
        agent = AgentLoop(
            OpenAIModel(client, "smollm2", loop, tool_calling),
            McpToolBox(session, loop),
            Limits(model_calls=2, seconds=600, model_timeout_s=600, retries=0),
            monotonic=lambda: 0.0,
            now=lambda: datetime(2026, 3, 2, tzinfo=UTC),
            pause=lambda _: None,
        )
        return agent.run(
            Assignment(
                case_id="case-1",
                round=1,
                agent="usage",
                customer_id=7,
                system="You look for fraud. You look a customer up before you answer.",
                user=question,
                answer_name="impression",
                answer=Impression,
                tools=frozenset({"get_customer"}),
            ),
            no_journal("r1-usage"),
        )


def test_tool_calls_and_a_structured_answer_pass_both_ways(llama: str, tools: ToolServer) -> None:
    # So small a model decides by the wording whether it asks; each of these has made it ask.
    questions = ("get_customer 7", "Please make calls.", "Write calls, not an answer.")
    results = (investigate(llama, tools.url, question, "schema") for question in questions)
    result = next((each for each in results if each.evidence), None)

    assert result is not None, "the model never asked for the tool, so its way there is not proven"
    assert result.failure is None
    assert result.answer is not None
    assert all(call.ok and call.result == {"customer_id": 7, "name": "Ada"} for call in result.evidence)
    # What it asks twice in one breath is asked once.
    assert 1 <= len(tools.calls) <= len(result.evidence)
    usage = result.usage
    assert usage.model is not None
    assert "SmolLM2" in usage.model
    assert usage.input_tokens > 100
    assert usage.tokens == usage.input_tokens + usage.output_tokens


def test_server_that_ignores_tools_still_answers_in_form(llama: str, tools: ToolServer) -> None:
    result = investigate(llama, tools.url, "Look up customer 7.", "native")

    assert (result.failure, result.evidence) == (None, ())
    assert result.answer is not None


def test_context_overflow_of_a_server_becomes_our_sentence(llama: str, tools: ToolServer) -> None:
    result = investigate(llama, tools.url, "Who is it? " * 4_000, "schema")

    assert result.answer is None
    assert result.failure == "The case is too long for the model (status 400)."


def test_it_streams(llama: str) -> None:
    with OpenAI(base_url=llama, api_key="unused", max_retries=0, timeout=600) as client:
        stream = client.chat.completions.create(
            model="smollm2", messages=[{"role": "user", "content": "Count to three."}], max_tokens=20, stream=True
        )
        chunks = [chunk.choices[0].delta.content for chunk in stream if chunk.choices]

    assert sum(bool(chunk) for chunk in chunks) > 1
