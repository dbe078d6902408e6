"""What can be wrong with the record of the learned risk score."""

from casebook.errors.base import CasebookError


class ModelNotFound(CasebookError):
    """There is no such version of the model."""

    id = "model-not-found"
    status = 404

    def __init__(self, number: int) -> None:
        super().__init__(f"There is no version {number} of the risk score's model.")


class ModelsChanged(CasebookError):
    """Another version was made since the versions were read."""

    id = "models-changed"
    status = 409

    def __init__(self, newest: int) -> None:
        super().__init__(f"Version {newest} of the model was made since you read the versions: read them again.")


class LearnerChanged(CasebookError):
    """Another process has learned meanwhile, or a manager went back to an earlier version."""

    id = "learner-changed"
    status = 409

    def __init__(self) -> None:
        super().__init__("What the risk score has learned was changed meanwhile.")
