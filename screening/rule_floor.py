"""The rule floor: a case is cleared only when these deterministic rules find it benign as well."""

from collections.abc import Iterable, Iterator, Sequence

from contracts.alert import Alert, name_of
from contracts.report import SPECIALISTS, Specialist
from contracts.words import cut
from screening import thresholds
from screening.coverage import gaps, widest
from screening.dossier import Dossier, began_at, open_dossiers
from screening.explanations import unexplained
from screening.specialist_rules import SPECIALIST_RULES
from screening.tool_answers import Answers
from screening.verdict import conclude

MAX_QUOTE = 300
MAX_OBJECTIONS = 12
"""Sentences about a case with several alerts; how many more there are is said."""


def objections(alerts: Sequence[Alert], answers: Answers, threshold: float) -> tuple[str, ...]:
    """What the rules find suspicious in all that the specialists read, one sentence each; empty when it is nothing.

    Each alert is judged by its own triggers and baseline; one that is not benign is enough, and is named where there
    are several. `threshold` is the case's own; it cannot raise that of the rules.
    """
    below = min(threshold, thresholds.UNSUSPICIOUS_BELOW)
    found = [(dossier.alert, tuple(_objections(dossier, below))) for dossier in open_dossiers(alerts, widest(answers))]
    return found[0][1] if len(found) == 1 else _named(found)


def _named(found: Iterable[tuple[Alert, Sequence[str]]]) -> tuple[str, ...]:
    """The sentences with the alerts that they are about: what is said of several, once."""
    about: dict[str, dict[str, None]] = {}
    for alert, sentences in found:
        for sentence in sentences:
            about.setdefault(sentence, {})[name_of(alert)] = None
    named = tuple(f"Alert {_listed(tuple(names))}: {sentence}" for sentence, names in about.items())
    left_out = len(named) - MAX_OBJECTIONS
    return named if left_out <= 0 else (*named[:MAX_OBJECTIONS], f"The rules object {left_out} times more.")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{names[0]}{more}"


def _objections(dossier: Dossier, below: float) -> tuple[str, ...]:
    missing = tuple(gaps(dossier.answers, began_at(dossier.alert)))
    if missing:
        return (f"The rules cannot judge the case: {', '.join(missing)}.",)
    found = tuple(sentence for specialist in SPECIALISTS for sentence in _suspicious(specialist, dossier, below))
    return found or tuple(_unexplained(dossier))


def _suspicious(specialist: Specialist, dossier: Dossier, below: float) -> Iterator[str]:
    verdict = conclude(SPECIALIST_RULES[specialist](dossier), dossier)
    if verdict.risk_score is None:
        yield f"The {specialist} rules cannot judge the case: {_quoted(verdict.reason or 'They give no score')}."
    elif verdict.risk_score >= below:
        telling = next((each.statement for each in verdict.findings if each.weight > 0), "Nothing explains it.")
        yield f"The {specialist} rules give {verdict.risk_score:.2f}, not below {below:.2f}: {_quoted(telling)}."


def _unexplained(dossier: Dossier) -> Iterator[str]:
    if dossier.alert.severity != "high":
        return
    events = unexplained(dossier)
    if not dossier.triggers:
        yield "The alert is high, and it shows no event that a record could explain."
    elif events:
        yield (
            f"The alert is high, and no record that is older explains {events[0].event_id} ({_kind(events[0].kind)}): "
            "no known device, roaming package, journey or plan."
        )


def _kind(kind: str) -> str:
    return kind.replace("_", " ")


def _quoted(text: str) -> str:
    return cut(" ".join(text.split()).rstrip("."), MAX_QUOTE)
