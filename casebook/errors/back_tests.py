"""Orders of back-tests that are refused."""

from casebook.errors.base import CasebookError


class BackTestNotFound(CasebookError):
    """No back-test has this id."""

    id = "back-test-not-found"
    status = 404

    def __init__(self, back_test_id: str) -> None:
        super().__init__(f"There is no back-test '{back_test_id}'.")


class BackTestExists(CasebookError):
    """The same back-test waits or runs already."""

    id = "back-test-exists"
    status = 409

    def __init__(self, rule_id: str, version: int, requested_by: str) -> None:
        super().__init__(
            f"Version {version} of rule '{rule_id}' is being tried on this already: {requested_by} ordered it."
        )


class BackTestEnded(CasebookError):
    """There is nothing left to cancel."""

    id = "back-test-ended"
    status = 409

    def __init__(self, state: str) -> None:
        super().__init__(f"The back-test has ended already: it is {state}.")


class TooManyBackTests(CasebookError):
    """As many wait as may."""

    id = "too-many-back-tests"
    status = 409

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} back-tests wait for their turn, and there may be no more: cancel some first.")
