"""A telemetry simulator over HTTP: Event Hubs' stand-in on one machine."""
