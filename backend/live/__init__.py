"""One reading of the case log and of the telemetry per process, shared by all who watch."""
