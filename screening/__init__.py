"""The rules: pure functions from an alert and a customer's records to what speaks for fraud, and for innocence.

The offline model judges by them, and the worker holds every model's calm against them.
"""
