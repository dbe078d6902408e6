"""The rules, one module each: what the statistics say, against numbers that are data."""
