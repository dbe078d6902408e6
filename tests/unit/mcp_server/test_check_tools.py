"""The tools that `models check` shows a model are those of the tool server."""

import asyncio
import json
from typing import Any

from fastmcp import Client, FastMCP

from worker.adapters.model_check import TOOLS_FILE
from worker.agents.specialists import SPECIALIST_TOOLS


def test_the_check_shows_models_the_real_tools(server: FastMCP) -> None:
    async def describe() -> list[dict[str, Any]]:
        async with Client(server) as client:
            tools = {tool.name: tool for tool in await client.list_tools()}
        return [
            {"name": name, "description": tools[name].description, "parameters": tools[name].input_schema}
            for name in SPECIALIST_TOOLS["location"]
        ]

    assert json.loads(TOOLS_FILE.read_bytes()) == asyncio.run(describe())
