"""Chat models over both APIs and Azure's path, with the tool server's tools."""

import asyncio
import os

from langchain_core.messages import HumanMessage
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from pydantic import BaseModel

URL = os.environ["MODEL_URL"]


class Weather(BaseModel):
    """The weather in a city."""

    city: str
    degrees: float


async def main() -> None:
    tools = await MultiServerMCPClient(
        {
            "customers": {
                "transport": "streamable_http",
                "url": os.environ["MCP_URL"],
                "headers": {"Authorization": f"Bearer {os.environ['MCP_TOKEN']}"},
            }
        }
    ).get_tools()
    azure = AzureChatOpenAI(
        azure_endpoint=URL, api_key="unused", azure_deployment="gpt-4o", api_version="2024-10-21", max_retries=0
    )
    chat = ChatOpenAI(base_url=f"{URL}/v1", api_key="unused", model="m", max_retries=0)
    responses = ChatOpenAI(base_url=f"{URL}/v1", api_key="unused", model="m", max_retries=0, use_responses_api=True)
    for model in (chat, responses, azure):
        assert "casewright-rules-1" in (await model.ainvoke("Who are you?")).text
        streamed = [chunk.text async for chunk in model.astream("Who are you?")]
        assert "casewright-rules-1" in "".join(streamed)
        assert isinstance(await model.with_structured_output(Weather).ainvoke("The weather?"), Weather)
        messages = [HumanMessage("Look at the data usage of customer 1.")]
        asked = await model.bind_tools(tools).ainvoke(messages)
        assert "get_customer" in {call["name"] for call in asked.tool_calls}, asked
        named = {tool.name: tool for tool in tools}
        answers = [await named[call["name"]].ainvoke(call) for call in asked.tool_calls]
        last = await model.bind_tools(tools).ainvoke([*messages, asked, *answers])
        assert last.tool_calls or "FINDINGS:" in last.text, last


asyncio.run(main())
