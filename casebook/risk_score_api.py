"""The facade of the learned risk score: for who scores and learns, and for managers."""

from collections.abc import Sequence
from datetime import timedelta

from casebook.commands import risk_score as commands
from casebook.facade import Facade
from casebook.queries import risk_score as queries
from contracts.risk_score import (
    MAX_MODELS_SHOWN,
    LearnerState,
    Lessons,
    ModelRollBack,
    NewModel,
    ScoreLabel,
    ScoreReport,
    StoredModel,
)

LABELS_FOR = timedelta(days=35)
"""What was said longer ago is about charges that nobody waits for any more."""


class RiskScoreApi(Facade):
    """One transaction per method, from any thread. The casebook keeps models and does not read them.

    CasebookUnavailable: the database failed, nothing was written.
    """

    def state(self) -> tuple[int, int]:
        """The newest line of the case log, and the number of the newest model; 0: none."""
        with self._read() as connection:
            return queries.read_state(connection)

    def labels_after(self, seq: int) -> tuple[tuple[ScoreLabel, ...], int]:
        """What the case log said about charges in the last weeks, behind a line, and how far that is: call again until
        it is the end."""
        with self._read() as connection:
            return queries.read_labels(connection, seq, self._clock() - LABELS_FOR)

    def models_since(self, number: int, most: int) -> tuple[StoredModel, ...]:
        """The model of this number, where there is one, and those behind it, at most the newest so many, ascending."""
        with self._read() as connection:
            return queries.read_models(connection, number, most)

    def model(self, number: int) -> StoredModel:
        """One model. Raises ModelNotFound."""
        with self._read() as connection:
            return queries.read_model(connection, number)

    def newest_models(self) -> tuple[StoredModel, ...]:
        """The newest models, at most as many as are shown, ascending."""
        with self._read() as connection:
            return queries.read_models(connection, 0, MAX_MODELS_SHOWN)

    def learner(self) -> LearnerState:
        """What has been learned so far."""
        with self._read() as connection:
            return queries.read_learner(connection)

    def lessons(self, most: int) -> tuple[Lessons, ...]:
        """What is yet to be learned, the oldest first."""
        with self._read() as connection:
            return queries.read_lessons(connection, most)

    def reports(self) -> tuple[ScoreReport, ...]:
        """What every partition that scores has saved of its counts."""
        with self._read() as connection:
            return queries.read_reports(connection)

    def save_learner(
        self, revision: int, line: int | None, document: bytes, learned: Sequence[int], new: NewModel | None
    ) -> int | None:
        """Save what was learned; the number of the new model, if there is one. Raises LearnerChanged."""
        with self._write_apart() as connection:
            return commands.save_learner(connection, revision, line, document, learned, new, self._clock())

    def roll_back(self, order: ModelRollBack, actor: str) -> int:
        """Score with an earlier model again; its new number. Raises ModelNotFound, ModelsChanged."""
        with self._write_apart() as connection:
            return commands.roll_back(connection, order, actor, self._clock())
