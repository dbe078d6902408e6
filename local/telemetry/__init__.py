"""A telemetry simulator over HTTP: the local stand-in for Event Hubs."""
