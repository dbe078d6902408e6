"""A run, or the difference between two, as text for a person."""

from collections.abc import Iterator, Sequence

from tests.evaluation.outcome import Outcome, Run
from tests.evaluation.score import ACTIONS, AUTO_CLEARED, NOTHING, Change, PrecisionRecall, Score

_NAME_WIDTH = 36
_WIDTH = 18


def run_text(run: Run) -> str:
    """All figures of a run, and what went wrong, scenario by scenario."""
    score = Score(run.outcomes)
    return "\n".join(
        (
            f"{run.model}: {len(run.outcomes)} scenarios in {run.seconds:.1f} s",
            f"prompts: {', '.join(_prompts(run)) or 'not recorded'}",
            "",
            *_confusion(score),
            "",
            *_figures(score),
            "",
            *_kinds(score),
            "",
            *_faults(run.outcomes),
        )
    )


def comparison_text(old: Run, new: Run, changes: Sequence[Change]) -> str:
    """What got better, what worse, and the figures of both."""
    groups = (
        ("Better", [change for change in changes if change.better]),
        ("Worse", [change for change in changes if change.better is False]),
        ("Other", [change for change in changes if change.better is None]),
    )
    lines = [f"{old.model} ({old.started_at:%Y-%m-%d %H:%M}) → {new.model} ({new.started_at:%Y-%m-%d %H:%M})"]
    lines += [
        f"prompts: {', '.join(_prompts(old)) or 'not recorded'} → {', '.join(_prompts(new)) or 'not recorded'}",
        "",
    ]
    for name, group in groups:
        lines.append(f"{name}: {len(group)}")
        lines.extend(f"  {change.scenario}: {change.what}" for change in group)
    before, after = _rows(Score(old.outcomes)), _rows(Score(new.outcomes))
    lines += ["", f"{'':<{_NAME_WIDTH}}{'before':<{2 * _WIDTH}}after"]
    lines += [f"{name:<{_NAME_WIDTH}}{value:<{2 * _WIDTH}}{after[name]}" for name, value in before.items()]
    return "\n".join(lines)


def outcome_line(outcome: Outcome) -> str:
    """One scenario in one line."""
    end = AUTO_CLEARED if outcome.auto_cleared else f"a person, {outcome.action or NOTHING}"
    mark = "ok   " if outcome.right else "WRONG"
    score = "-" if outcome.score is None else f"{outcome.score:.2f}"
    heard = " ".join(
        f"{report.specialist} {'-' if report.risk_score is None else format(report.risk_score, '.2f')}"
        for report in outcome.heard
    )
    return f"{mark} {outcome.scenario}: {end} (expected {outcome.expected}); {score} from {heard}"


def _prompts(run: Run) -> list[str]:
    """The version of every prompt that was used."""
    versions = {heard.prompt_version for outcome in run.outcomes for heard in outcome.heard}
    versions |= {outcome.prompt_version for outcome in run.outcomes}
    return sorted(version for version in versions if version)


def _confusion(score: Score) -> Iterator[str]:
    table = score.confusion()
    came = (AUTO_CLEARED, *ACTIONS, NOTHING)
    yield _row("expected \\ came", *came)
    for expected in ACTIONS:
        yield _row(expected, *(str(table[expected, each] or "·") for each in came))


def _figures(score: Score) -> Iterator[str]:
    for name, value in _rows(score).items():
        yield f"{name:<{_NAME_WIDTH}}{value}"


def _rows(score: Score) -> dict[str, str]:
    actions = {f"{action}, precision / recall": _both(score.action(action)) for action in ACTIONS}
    return {
        "frauds auto-cleared": str(len(score.frauds_auto_cleared)),
        "auto-clear, precision / recall": _both(score.auto_clear),
        "innocents auto-cleared": str(score.innocents_auto_cleared),
        **actions,
        "refunds, precision / recall": _both(score.refunds),
        "evidence recall": str(score.evidence_recall),
        "unsupported findings": str(score.unsupported),
        "reasoning with opinions": str(score.opinions),
        "reports not ok": str(score.not_heard),
        "right": str(score.right),
        "model calls": f"{score.model_calls:,}",
        "tokens": f"{score.tokens:,}",
        "seconds per case": f"{score.seconds_per_case:.2f}",
    }


def _both(figures: PrecisionRecall) -> str:
    return f"{figures.precision} / {figures.recall}"


def _kinds(score: Score) -> Iterator[str]:
    yield _row("kind", "right", "auto-cleared", "evidence", "tokens")
    for kind, each in score.by_kind().items():
        cleared = sum(outcome.auto_cleared for outcome in each.outcomes)
        yield _row(
            kind, f"{each.right.count}/{each.right.of}", str(cleared), str(each.evidence_recall), f"{each.tokens:,}"
        )


def _faults(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for outcome in outcomes:
        details = {
            "evidence not cited": outcome.evidence_missing,
            "not refunded": outcome.refunds_missing,
            "wrongly refunded": outcome.refunds_wrong,
        }
        said = [f"{name}: {', '.join(values)}" for name, values in details.items() if values]
        if said or not outcome.right:
            yield outcome_line(outcome)
            yield from (f"      {line}" for line in said)


def _row(first: str, *others: str) -> str:
    return f"{first:<{_NAME_WIDTH}}" + "".join(f"{other:>{_WIDTH}}" for other in others)
