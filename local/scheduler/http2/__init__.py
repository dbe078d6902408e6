"""gRPC over HTTP/2 without TLS, as far as a server on the loopback address needs it."""
