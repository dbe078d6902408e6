"""Authentication and authorization: the caller's identity, and what its roles allow."""
