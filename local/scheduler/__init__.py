"""A durable task scheduler for one machine: speaks the DTS gRPC protocol, keeps everything in SQLite."""
