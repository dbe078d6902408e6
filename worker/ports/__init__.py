"""What the worker needs from the outside, as protocols. Adapters implement them; tests bring fakes."""
