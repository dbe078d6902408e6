"""Durable entities: the memory that outlives rounds, restarts and releases."""
