"""Starts the consumers."""

from backend.consumers.main import main

main()
