"""The command line of `scripts/evaluate`."""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from tests.evaluation.outcome import read_run, save_run
from tests.evaluation.report import comparison_text, outcome_line, run_text
from tests.evaluation.scenario import BadScenario, choose, read_scenarios
from tests.evaluation.score import Score, compare
from tests.evaluation.servers import CannotEvaluate

DEFAULT_PARALLEL = 4


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One sentence, exit code 2."""
        self.exit(2, f"evaluate: {message}; see scripts/evaluate --help.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluate or compare. Returns 0; 1 when a fraud was auto-cleared; 2 with one sentence when it cannot be done."""
    parser = _arguments()
    options = parser.parse_args(arguments)
    if options.base_url and not options.model:
        parser.error("--base-url needs --model: name the model that the endpoint is to answer with")
    if options.model and not options.base_url:
        parser.error("--model needs --base-url: name the endpoint, such as http://127.0.0.1:11434/v1")
    if options.compare and (options.scenario or options.save or options.base_url):
        parser.error("--compare reads two saved runs and goes with no other option")
    try:
        return _compare(*options.compare) if options.compare else _evaluate(options)
    except (BadScenario, CannotEvaluate) as error:
        sys.stderr.write(f"evaluate: {error}\n")
        return 2


def _evaluate(options: argparse.Namespace) -> int:
    from tests.evaluation.run import RULES_MODEL, Endpoint, evaluate
    from worker.adapters.providers import NO_KEY

    scenarios = choose(read_scenarios(), options.scenario or ())
    key = os.environ.get("OPENAI_API_KEY") or NO_KEY
    endpoint = Endpoint(options.model or RULES_MODEL, options.base_url, key)
    run = evaluate(scenarios, endpoint, options.parallel, lambda outcome: _say(outcome_line(outcome)))
    _say("", run_text(run))
    if options.save:
        save_run(run, options.save)
    return 1 if Score(run.outcomes).frauds_auto_cleared else 0


def _compare(old: Path, new: Path) -> int:
    before, after = read_run(old), read_run(new)
    _say(comparison_text(before, after, compare(before, after)))
    return 0


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _arguments() -> _Parser:
    parser = _Parser(
        prog="scripts/evaluate",
        description="Let the agents investigate the labelled scenarios of tests/evaluation/scenarios and score them. "
        "Without --base-url the local rules model answers. A store, a tool server and a casebook are made for it.",
        epilog="Environment: OPENAI_API_KEY, where the endpoint wants one. Exit code 1: a fraud was auto-cleared.",
    )
    parser.add_argument("--model", metavar="NAME", help="the model that the endpoint is to answer with")
    parser.add_argument(
        "--base-url", type=_url, metavar="URL", help="a chat-completions endpoint, up to and including /v1"
    )
    parser.add_argument("--scenario", nargs="+", metavar="ID", help="only these scenarios")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the run as JSON")
    parser.add_argument(
        "--compare", nargs=2, type=Path, metavar=("OLD", "NEW"), help="compare two saved runs, scenario by scenario"
    )
    parser.add_argument(
        "--parallel", type=_positive, default=DEFAULT_PARALLEL, metavar="N", help="cases at once (default: %(default)s)"
    )
    return parser


def _url(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]\S*", text):
        raise argparse.ArgumentTypeError(f"'{text}' is not the URL of an endpoint: write it like https://host/v1")
    return text


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 on")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
