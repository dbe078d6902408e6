"""What the worker needs from outside, as protocols. Adapters implement them; tests pass fakes."""
