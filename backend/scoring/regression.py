"""River's logistic regression, with what it takes to save it and to go on learning where it was."""

# River leaves the types of keys and values open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportMissingTypeArgument=false, reportUnknownParameterType=false

from typing import Any, Final, cast

from river import linear_model, optim
from river.utils import VectorDict

LEARNING_RATE: Final = 0.5
"""Of AdaGrad. From 0.4 to 0.8 the results are alike."""
_FIRST_SQUARES: Final = 0.1
"""What AdaGrad starts from: from zero, the first charge on a rare level would move it by the whole learning rate."""
_FIRST_LOG_ODDS: Final = -4.0
"""About 2 % before anything is learned."""


class Regression(linear_model.LogisticRegression):
    """A weight for each key that was ever learned; others weigh nothing."""

    def __init__(self) -> None:
        self._adagrad = _AdaGrad()
        super().__init__(optimizer=self._adagrad, intercept_init=_FIRST_LOG_ODDS)

    @property
    def squares(self) -> dict[str, float]:
        """Sum of squared gradients of each key."""
        return self._adagrad.squares

    @property
    def steps(self) -> int:
        """How often it has learned."""
        return self._adagrad.n_iterations

    def weights_by_key(self) -> dict[str, float]:
        """A copy of the weights."""
        return cast("dict[str, float]", self.weights)

    def probability(self, levels: dict[str, float]) -> float:
        """Of the class True."""
        return float(self.loss.mean_func(self._raw_dot_one(levels)))

    def learn(self, levels: dict[str, float], is_true: bool, weight: float) -> None:
        """One step of gradient descent."""
        self.learn_one(levels, is_true, weight)

    def restore(self, weights: dict[str, float], squares: dict[str, float], intercept: float, steps: int) -> None:
        """Puts back what was saved."""
        self._weights = VectorDict(weights)
        self._adagrad.squares = squares
        self._adagrad.n_iterations = steps
        self.intercept = intercept


class _AdaGrad(optim.base.Optimizer):
    """AdaGrad that starts from a positive sum of squares; river's own adds next to nothing."""

    def __init__(self) -> None:
        super().__init__(LEARNING_RATE)
        self.squares: dict[str, float] = {}

    def step(self, w: Any, g: Any) -> Any:
        squares = self.squares
        for key, gradient in g.items():
            total = squares.get(key, _FIRST_SQUARES) + gradient * gradient
            squares[key] = total
            w[key] -= LEARNING_RATE * gradient / total**0.5
        self.n_iterations += 1
        return w
