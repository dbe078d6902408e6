"""The consumers of domain events: inside the backend, or as a process of their own (`python -m backend.consumers`)."""
