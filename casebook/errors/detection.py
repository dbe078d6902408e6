"""What can be wrong with the record of detection."""

from casebook.errors.base import CasebookError


class PartitionTaken(CasebookError):
    """Another process judges the partition now: what this one would save is its own affair no more."""

    id = "partition-taken"
    status = 409

    def __init__(self, source: str, partition: str) -> None:
        super().__init__(f"Partition {partition or '0'} of {source} is judged by another process now.")
