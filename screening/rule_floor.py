"""The rule floor: a case is cleared only when these deterministic rules find it benign as well."""

from collections.abc import Iterator

from contracts.alert import Alert
from contracts.report import SPECIALISTS, Specialist
from contracts.words import cut
from screening import thresholds
from screening.coverage import gaps, widest
from screening.dossier import Dossier, open_dossier
from screening.explanations import unexplained
from screening.specialist_rules import SPECIALIST_RULES
from screening.tool_answers import Answers
from screening.verdict import conclude

MAX_QUOTE = 300


def objections(alert: Alert, answers: Answers, threshold: float) -> tuple[str, ...]:
    """What the rules find suspicious in all that the specialists read, one sentence each; empty when it is nothing.

    `threshold` is the case's own; it cannot raise that of the rules.
    """
    dossier = open_dossier(alert, widest(answers))
    missing = tuple(gaps(dossier.answers, dossier.began))
    if missing:
        return (f"The rules cannot judge the case: {', '.join(missing)}.",)
    below = min(threshold, thresholds.UNSUSPICIOUS_BELOW)
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
