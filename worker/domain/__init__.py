"""The rules of an investigation: pure functions and tables over contracts."""
