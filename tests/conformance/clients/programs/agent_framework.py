"""Agent Framework's default client, which asks the Responses API and goes on by the id of the answer before."""

import asyncio
import os

from agent_framework import Agent
from agent_framework.openai import OpenAIChatClient

looked_at: list[int] = []


def get_data_usage(customer_id: int) -> str:
    """The daily data usage of a customer."""
    looked_at.append(customer_id)
    return '{"customer_id": 1, "days": [{"day": "2026-05-01", "gb": 1.0}], "average_gb": 1.0}'


async def main() -> None:
    client = OpenAIChatClient(model="m", base_url=f"{os.environ['MODEL_URL']}/v1", api_key="unused")
    agent = Agent(client=client, instructions="Look at the customer.", tools=[get_data_usage])
    session = agent.create_session()
    first = await agent.run("Look at customer 1.", session=session)
    assert looked_at == [1], looked_at
    assert "FINDINGS:" in first.text, first.text
    again = await agent.run("And customer 2?", session=session)
    assert looked_at == [1, 2], looked_at
    assert again.text


asyncio.run(main())
