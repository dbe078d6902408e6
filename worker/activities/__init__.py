"""The activities of an investigation. Each may run more than once and leaves the same record."""
