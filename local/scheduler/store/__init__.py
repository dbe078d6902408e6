"""The store: rows, its interface, and its SQLite implementation."""
