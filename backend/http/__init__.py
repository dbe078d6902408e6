"""HTTP beneath the routers: what every request and answer has in common."""
