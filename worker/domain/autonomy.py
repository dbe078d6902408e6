"""Why a person decides, by the rules that raised a case's alerts."""

from collections.abc import Iterator, Mapping, Sequence

from contracts.alert import Alert
from contracts.autonomy import AutonomyBand, Decider, deciders

_WHO: Mapping[Decider, str] = {
    "auto_clear": "the guard rails decide",
    "one_analyst": "a person decides",
    "two_people": "two people decide",
    "manager_first": "a manager is asked first",
}


def autonomy_reasons(alerts: Sequence[Alert], score: float | None) -> Iterator[str]:
    """One sentence for each version of a rule and each of whom it asks for; none where it leaves the case to the guard
    rails. A score that is not known counts as the highest."""
    said: set[str] = set()
    for alert in alerts:
        for band in alert.autonomy or ():
            if band.decider == "auto_clear" or not deciders((band,), alert.severity, score):
                continue
            sentence = _sentence(alert, band)
            if sentence not in said:
                said.add(sentence)
                yield sentence


def _sentence(alert: Alert, band: AutonomyBand) -> str:
    from_score = f" from a risk score of {band.from_score:.2f} on" if band.from_score else ""
    about = "" if band.from_severity == "low" else f" about alerts of severity {band.from_severity} or worse"
    about = about.replace("critical or worse", "critical")
    return f"By version {alert.rule_version} of the rule {alert.rule_id}, {_WHO[band.decider]}{about}{from_score}."
