"""The backend's use cases."""
