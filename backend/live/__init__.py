"""Live updates: the case log and the telemetry are read once per process, for all watchers."""
