"""The rules: pure functions from an alert and a customer's records to what speaks for fraud, and for innocence.

The offline model judges by them, and the worker checks every low score of a model against them.
"""
