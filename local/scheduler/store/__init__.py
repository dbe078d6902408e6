"""What is kept: rows, the interface of the store, and its SQLite implementation."""
