"""gRPC: which method reads which message, and how errors become statuses."""
