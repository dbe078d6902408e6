"""The HTTP surface: each file is one part of it."""
