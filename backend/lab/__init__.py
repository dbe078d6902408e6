"""The rule lab: tries a version of a rule on telemetry of the past, through the code that judges live telemetry."""
