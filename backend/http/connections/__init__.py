"""What one connection may cost: time, size, and how many there are at once."""
