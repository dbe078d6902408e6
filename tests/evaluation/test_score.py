"""Figures from outcomes, and the comparison of two runs."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.__main__ import main
from tests.evaluation.outcome import Heard, Outcome, Run, read_run, save_run
from tests.evaluation.report import comparison_text, run_text
from tests.evaluation.score import AUTO_CLEARED, Score, compare

HEARD = Heard(specialist="usage", status="ok", risk_score=0.2, findings=("One.", "Two."), unsupported=1)


def outcome(name: str, **changes: Any) -> Outcome:
    """An innocent case that was rightly auto-cleared, unless arguments say otherwise."""
    plain: dict[str, Any] = {
        "scenario": name,
        "kind": "travel",
        "fraud": False,
        "may_auto_clear": True,
        "expected": "clear",
        "route": "auto_clear",
        "action": "clear",
        "model_recommendation": None,
        "score": 0.2,
        "route_reasons": (),
        "reasoning": "",
        "heard": (HEARD,),
        "evidence_wanted": 2,
        "evidence_missing": (),
        "refunds_right": 0,
        "refunds_missing": (),
        "refunds_wrong": (),
        "model_calls": 7,
        "tokens": 100,
        "seconds": 2.0,
    }
    return Outcome.model_validate(plain | changes)


def stolen(name: str, **changes: Any) -> Outcome:
    """A fraud that was rightly sent to a person."""
    plain: dict[str, Any] = {"kind": "stolen_card", "fraud": True, "may_auto_clear": False, "refunds_right": 2}
    plain |= {"expected": "refund_charges", "route": "review", "action": "refund_charges"}
    return outcome(name, **plain | changes)


def run(*outcomes: Outcome, model: str = "m") -> Run:
    return Run(model=model, started_at=datetime(2026, 5, 4, tzinfo=UTC), seconds=3.0, outcomes=outcomes)


OUTCOMES = (
    outcome("cleared"),
    outcome("not-cleared", route="review", action="lock_account", evidence_missing=("get_orders",)),
    outcome("needs-a-person", may_auto_clear=False, route="review", action="lock_account"),
    stolen("found", refunds_wrong=("ch-1",)),
    stolen("missed", route="auto_clear", action="clear", refunds_right=0, refunds_missing=("a", "b")),
)


def test_auto_clear_counts_what_may_be_cleared() -> None:
    score = Score(OUTCOMES)
    assert str(score.auto_clear.precision) == "50% (1/2)"
    assert str(score.auto_clear.recall) == "50% (1/2)"
    assert str(score.innocents_auto_cleared) == "33% (1/3)"
    assert score.frauds_auto_cleared == ("missed",)


def test_actions_refunds_and_evidence() -> None:
    score = Score(OUTCOMES)
    assert str(score.action("refund_charges").recall) == "50% (1/2)"
    assert str(score.action("lock_account").precision) == "0% (0/2)"
    assert str(score.action("lock_and_refund").recall) == "-"
    assert (str(score.refunds.precision), str(score.refunds.recall)) == ("67% (2/3)", "50% (2/4)")
    assert str(score.evidence_recall) == "90% (9/10)"
    assert str(score.unsupported) == "50% (5/10)"
    assert (score.model_calls, score.tokens, score.seconds_per_case) == (35, 500, 2.0)


def test_case_that_needs_person_is_right_only_with_one() -> None:
    assert [each.right for each in OUTCOMES] == [True, False, True, True, False]


def test_the_confusion_table_tells_auto_cleared_from_recommended() -> None:
    table = Score(OUTCOMES).confusion()
    assert table["clear", AUTO_CLEARED] == 1
    assert table["clear", "lock_account"] == 2
    assert table["refund_charges", AUTO_CLEARED] == 1
    assert sum(table.values()) == len(OUTCOMES)


def test_the_report_names_every_fault() -> None:
    text = run_text(run(*OUTCOMES))
    assert "WRONG missed: auto-cleared (expected refund_charges)" in text
    assert "not refunded: a, b" in text
    assert "evidence not cited: get_orders" in text
    assert "ok    cleared" not in text


def test_a_comparison_says_what_got_better_and_what_worse() -> None:
    old = run(outcome("a"), outcome("b", evidence_missing=("get_orders",)), stolen("c"), outcome("gone"))
    new = run(outcome("a"), outcome("b"), stolen("c", action="lock_and_refund"), outcome("added"))
    changes = {change.scenario: change for change in compare(old, new)}
    assert set(changes) == {"b", "c", "gone", "added"}
    assert (changes["b"].better, changes["b"].what) == (True, "evidence missing 1 → 0")
    assert changes["c"].better is False
    assert changes["gone"].better is None
    text = comparison_text(old, new, tuple(changes.values()))
    assert "Better: 1\n  b: evidence missing 1 → 0\nWorse: 1\n  c: a person, refund_charges → " in text


def test_cleared_fraud_is_worse_whatever_else_got_better() -> None:
    old = stolen("c", evidence_missing=("get_orders", "get_customer"), refunds_wrong=("ch-9",))
    (change,) = compare(run(old), run(stolen("c", route="auto_clear", action="clear")))
    assert change.better is False


def test_a_saved_run_reads_back(tmp_path: Path) -> None:
    saved = run(*OUTCOMES)
    save_run(saved, tmp_path / "run.json")
    assert read_run(tmp_path / "run.json") == saved


def test_two_saved_runs_are_compared_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    save_run(run(*OUTCOMES), old)
    save_run(run(*OUTCOMES, model="n"), new)
    assert main(["--compare", str(old), str(new)]) == 0
    assert "Better: 0\nWorse: 0\nOther: 0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--model", "x"], "--model needs --base-url"),
        (["--base-url", "http://127.0.0.1:1/v1"], "--base-url needs --model"),
        (["--compare", "a"], "--compare: expected 2 arguments"),
        (["--compare", "a", "b", "--save", "c"], "--compare reads two saved runs"),
        (["--parallel", "0"], "'0' is not a number from 1 on"),
        (["--model", "x", "--base-url", "/v1"], "'/v1' is not the URL of an endpoint"),
        (["--rainbow"], "unrecognized arguments: --rainbow"),
    ],
)
def test_bad_arguments_are_refused_with_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    said = capsys.readouterr().err
    assert stop.value.code == 2
    assert sentence in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--scenario", "no-such"], "There is no scenario 'no-such'"),
        (["--compare", "/nowhere/a.json", "/nowhere/b.json"], "/nowhere/a.json cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1


def test_a_file_that_holds_no_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.json"
    other.write_text("{}")
    assert main(["--compare", str(other), str(other)]) == 2
    assert "is no saved run of this release" in capsys.readouterr().err
