"""Queues of ready work, connected workers, leases and timers."""
