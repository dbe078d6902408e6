"""What Contoso's support staff know."""

from fastmcp import FastMCP

from mcp_server.records.article import Articles
from mcp_server.store.customer_store import CustomerStore
from mcp_server.tools.arguments import Limit, Query
from mcp_server.tools.registration import add_read_tool


class KnowledgeTools:
    """The knowledge base."""

    def __init__(self, store: CustomerStore) -> None:
        self._store = store

    def register(self, server: FastMCP) -> None:
        """Offer these tools."""
        add_read_tool(server, self.search_knowledge_base)

    def search_knowledge_base(self, query: Query, limit: Limit = 5) -> Articles:
        """Articles of the knowledge base that share words with the query, best first."""
        return Articles(query=query, articles=self._store.search_articles(query, limit))
