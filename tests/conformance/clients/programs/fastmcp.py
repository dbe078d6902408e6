"""The MCP client: what is offered, right and wrong calls."""

import asyncio
import os

from fastmcp import Client


async def main() -> None:
    async with Client(os.environ["MCP_URL"], auth=os.environ["MCP_TOKEN"]) as client:
        names = {tool.name for tool in await client.list_tools()}
        assert {"get_customer", "get_customer_detail", "get_subscription_detail"} <= names
        assert "lock_account" not in names
        answer = await client.call_tool("get_customer_detail", {"customer_id": 1})
        assert answer.structured_content["customer_id"] == 1
        for arguments in ({}, {"customer_id": "nobody"}, {"customer_id": 10**9}):
            refused = await client.call_tool("get_customer", arguments, raise_on_error=False)
            assert refused.is_error, refused
            assert refused.content[0].text, refused


asyncio.run(main())
