"""The facade of what detection knows, for who reads telemetry."""

from collections.abc import Collection

from casebook.commands import detector_states as commands
from casebook.commands.detector_states import PartitionKey, Progress, SavedPartition
from casebook.facade import Facade


class DetectorStatesApi(Facade):
    """One transaction per method, from any thread. CasebookUnavailable: the database failed, nothing was written."""

    def take_partition(self, of: PartitionKey, owner: str) -> SavedPartition:
        """Let `owner` judge the partition from now on, and nobody else."""
        with self._write_apart() as connection:
            return commands.take_partition(connection, of, owner, self._clock())

    def read_states(self, of: PartitionKey, keys: Collection[str]) -> dict[str, bytes]:
        """The states of these keys, as far as there are any."""
        with self._read() as connection:
            return commands.read_states(connection, of, keys)

    def save_progress(self, of: PartitionKey, owner: str, progress: Progress) -> None:
        """Save states and position together. Raises PartitionTaken when another process judges the partition now."""
        with self._write_apart() as connection:
            commands.save_progress(connection, of, owner, progress, self._clock())
