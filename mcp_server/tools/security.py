"""What happened to the customer's account, and its lock."""

from fastmcp import FastMCP

from mcp_server.records.effect import LockResult, UnlockResult
from mcp_server.records.security import SecurityLogs
from mcp_server.store.customer_store import CustomerStore
from mcp_server.tools.arguments import CustomerIdArgument, Days, IdempotencyKey, Limit, LockKey, Reason
from mcp_server.tools.registration import add_read_tool, add_write_tool


class SecurityTools:
    """The security log, lock and unlock."""

    def __init__(self, store: CustomerStore) -> None:
        self._store = store

    def register(self, server: FastMCP) -> None:
        """Offer these tools."""
        add_read_tool(server, self.get_security_logs)
        add_write_tool(server, self.lock_account)
        add_write_tool(server, self.unlock_account)

    def get_security_logs(self, customer_id: CustomerIdArgument, days: Days = 30, limit: Limit = 100) -> SecurityLogs:
        """A customer's logins, failed logins, resets, SIM swaps and new devices with place and device; newest first."""
        entries = self._store.security_log(customer_id, days, limit)
        return SecurityLogs(customer_id=customer_id, as_of=self._store.recorded_until(), entries=entries)

    def lock_account(
        self, customer_id: CustomerIdArgument, reason: Reason, idempotency_key: IdempotencyKey
    ) -> LockResult:
        """Lock a customer's account: no logins, orders or charges until it is unlocked."""
        return self._store.lock_account(customer_id, reason, idempotency_key)

    def unlock_account(
        self,
        customer_id: CustomerIdArgument,
        reason: Reason,
        idempotency_key: IdempotencyKey,
        lock_key: LockKey = None,
    ) -> UnlockResult:
        """Remove a lock from a customer's account: it is unlocked when no other is active; the answer names those."""
        return self._store.unlock_account(customer_id, reason, idempotency_key, lock_key)
