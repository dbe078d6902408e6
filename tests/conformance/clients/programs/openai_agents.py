"""An agent over the Responses API, its default, with the tool server's tools."""

import asyncio
import os

from agents import Agent, OpenAIChatCompletionsModel, OpenAIResponsesModel, Runner, set_tracing_disabled
from agents.mcp import MCPServerStreamableHttp
from openai import AsyncOpenAI


async def main() -> None:
    set_tracing_disabled(True)
    client = AsyncOpenAI(base_url=f"{os.environ['MODEL_URL']}/v1", api_key="unused", max_retries=0)
    headers = {"Authorization": f"Bearer {os.environ['MCP_TOKEN']}"}
    params = {"url": os.environ["MCP_URL"], "headers": headers}
    async with MCPServerStreamableHttp(params=params, cache_tools_list=True) as tools:
        assert "get_customer" in {tool.name for tool in await tools.list_tools()}
        for model in (OpenAIResponsesModel, OpenAIChatCompletionsModel):
            agent = Agent(
                name="Analyst",
                instructions="Look at the customer.",
                model=model(model="m", openai_client=client),
                mcp_servers=[tools],
            )
            result = await Runner.run(agent, "Look at the data usage of customer 1.")
            called = [item.raw_item.name for item in result.new_items if item.type == "tool_call_item"]
            assert "get_customer" in called, called
            assert "FINDINGS:" in result.final_output, result.final_output
            streamed = Runner.run_streamed(agent, "Look at the data usage of customer 1.")
            async for _ in streamed.stream_events():
                pass
            assert streamed.final_output == result.final_output


asyncio.run(main())
