"""What an investigation does. Every activity may run more than once and leaves the same record."""
