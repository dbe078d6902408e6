"""The durable decisions of an investigation. Pure: everything that happens, happens in activities."""
