"""Agents over both APIs with structured output and the tool server's tools."""

import asyncio
import os

from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider


class Weather(BaseModel):
    city: str
    degrees: float


async def main() -> None:
    provider = OpenAIProvider(base_url=f"{os.environ['MODEL_URL']}/v1", api_key="unused")
    for model in (OpenAIChatModel("m", provider=provider), OpenAIResponsesModel("m", provider=provider)):
        assert "casewright-rules-1" in (await Agent(model).run("Who are you?")).output
        assert isinstance((await Agent(model, output_type=Weather).run("The weather?")).output, Weather)
        assert isinstance((await Agent(model, output_type=NativeOutput(Weather)).run("The weather?")).output, Weather)
        async with Agent(model).run_stream("Who are you?") as streamed:
            assert "casewright-rules-1" in await streamed.get_output()
        headers = {"Authorization": f"Bearer {os.environ['MCP_TOKEN']}"}
        agent = Agent(model, toolsets=[MCPToolset(os.environ["MCP_URL"], headers=headers)])
        result = await agent.run("Look at the data usage of customer 1.")
        called = [
            part.tool_name
            for message in result.all_messages()
            for part in message.parts
            if part.part_kind == "tool-call"
        ]
        assert "get_customer" in called, called
        assert "FINDINGS:" in result.output


asyncio.run(main())
