"""The orchestrations of an investigation. Pure: all I/O happens in activities."""
