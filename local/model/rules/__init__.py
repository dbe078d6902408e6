"""The rules: pure functions from a conversation to the tools to call next, or to a verdict."""
