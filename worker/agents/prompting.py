"""The system prompts: Markdown files, with the thresholds of `worker.domain.risk` filled in."""

from collections.abc import Mapping
from pathlib import Path
from string import Template

from worker.domain.risk import LEVEL_FROM

_FOLDER = Path(__file__).parent / "prompts"
AGENTS = ("usage", "location", "billing", "aggregator")


def load_prompts(auto_clear_threshold: float) -> Mapping[str, str]:
    """The prompt of every agent by its name. Raises OSError or KeyError when the installation is incomplete."""
    numbers = {level: f"{start:g}" for level, start in LEVEL_FROM.items()}
    rules = Template(_read("rules")).substitute(numbers, threshold=f"{auto_clear_threshold:g}")
    return {agent: Template(_read(agent)).substitute(rules=rules.strip()) for agent in AGENTS}


def _read(name: str) -> str:
    return (_FOLDER / f"{name}.md").read_text(encoding="utf-8")
