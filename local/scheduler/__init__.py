"""Stands in for Azure Durable Task Scheduler on one machine."""
