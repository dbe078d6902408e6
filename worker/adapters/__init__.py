"""Implementations of the ports: the language model, the tool server, the casebook."""
