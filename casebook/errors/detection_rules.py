"""Changes of rules, snoozes of alerts and suppressions that are refused."""

from collections.abc import Sequence
from datetime import datetime

from casebook.errors.base import CasebookError


class RuleVersionNotFound(CasebookError):
    """The rule has no such version."""

    id = "rule-version-not-found"
    status = 404

    def __init__(self, rule_id: str, version: int) -> None:
        super().__init__(f"Rule '{rule_id}' has no version {version}.")


class RuleChanged(CasebookError):
    """The rule is no longer as whoever changes it has seen it."""

    id = "rule-changed"
    status = 409

    def __init__(self, rule_id: str, changed_by: str | None) -> None:
        by = "" if changed_by is None else f" by {changed_by}"
        super().__init__(f"Rule '{rule_id}' was changed{by} since you read it: read it again.")


class RuleUnchanged(CasebookError):
    """The rule is as the change would make it, or nothing could be changed so."""

    id = "rule-unchanged"
    status = 409


class TooManyRuleDrafts(CasebookError):
    """The rule has as many versions that never judged as it may have."""

    id = "too-many-rule-drafts"
    status = 409

    def __init__(self, rule_id: str, most: int) -> None:
        super().__init__(
            f"Rule '{rule_id}' has {most} drafts that never judged, and there may be no more: put one of them into "
            "shadow first, or make it live."
        )


class AlertSnoozeExists(CasebookError):
    """Alerts of the rule about the customer are snoozed already."""

    id = "alert-snooze-exists"
    status = 409

    def __init__(self, rule_id: str, customer_id: int, by: str, until: datetime) -> None:
        super().__init__(
            f"Alerts of '{rule_id}' about customer {customer_id} are snoozed by {by} until "
            f"{until:%Y-%m-%d %H:%M} UTC: end that first."
        )


class AlertSnoozeNotFound(CasebookError):
    """Alerts of the rule about the customer are not snoozed."""

    id = "alert-snooze-not-found"
    status = 404

    def __init__(self, rule_id: str, customer_id: int) -> None:
        super().__init__(
            f"Alerts of '{rule_id}' about customer {customer_id} are not snoozed: there is nothing to end."
        )


class AlertSnoozeRefused(CasebookError):
    """Alerts are snoozed for a while, and not for ever."""

    id = "alert-snooze-refused"
    status = 422

    def __init__(self, longest_days: int) -> None:
        sentence = f"Snooze alerts until a time that is still to come, and for at most {longest_days} days."
        super().__init__(sentence)
        self.fields: Sequence[tuple[str, str]] = (("until", sentence),)


class TooManyAlertSnoozes(CasebookError):
    """There are as many snoozes of alerts as there may be."""

    id = "too-many-alert-snoozes"
    status = 409

    def __init__(self, most: int) -> None:
        super().__init__(f"There are {most} snoozes of alerts, and there may be no more: change the rule instead.")


class SuppressionExists(CasebookError):
    """The entry is on the list already."""

    id = "suppression-exists"
    status = 409

    def __init__(self, kind: str, value: str, added_by: str) -> None:
        super().__init__(f"The {kind} {value} is on the list already: {added_by} added it.")


class SuppressionNotFound(CasebookError):
    """The entry is not on the list."""

    id = "suppression-not-found"
    status = 404

    def __init__(self, kind: str, value: str) -> None:
        super().__init__(f"The {kind} {value} is not on the list.")


class TooManySuppressions(CasebookError):
    """The list has as many entries as it may have."""

    id = "too-many-suppressions"
    status = 409

    def __init__(self, kind: str, most: int) -> None:
        super().__init__(f"There are {most} entries of kind '{kind}', and there may be no more: remove some first.")
