"""Pure rules that find evidence for and against fraud in an alert and a customer's records.

The offline model judges by them, and the worker checks every low score of a model against them.
"""
