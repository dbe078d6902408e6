"""Starts the ingest."""

from backend.ingest.main import main

main()
