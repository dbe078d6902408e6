"""HTTP below the routers: what all requests and responses have in common."""
