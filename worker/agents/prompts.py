"""The system prompts: Markdown files with the numbers of the case's policy filled in."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from string import Template

from contracts.investigation import InvestigationPolicy
from worker.agents.response_schemas import MAX_CITED
from worker.domain.completeness import STALE_DAYS
from worker.domain.risk import LEVEL_FROM

_FOLDER = Path(__file__).parent / "prompts"
VERSION_DIGITS = 12
AGENTS = ("usage", "location", "billing", "aggregator")


class Prompts:
    """The prompt of every agent, in the numbers of a case's own policy: those that the guard rails use for it."""

    def __init__(self, rules: str, roles: Mapping[str, str], several: str = "") -> None:
        """Templates: `rules` names levels and `threshold`, each role names `rules`. Raises KeyError for other names.

        `several` follows the rules of a case that has several alerts, and names `threshold` and `most_cited`.
        """
        self._rules = Template(rules.strip())
        self._rules_of_several = Template(f"{rules.strip()}\n\n{several.strip()}")
        self._roles = {agent: Template(role) for agent, role in roles.items()}
        for agent in self._roles:
            self.of(agent, InvestigationPolicy())
            self.of(agent, InvestigationPolicy(), several=True)

    def version(self, agent: str, *, several: bool = False) -> str:
        """Which text an agent is asked with: a digest of its template and of the rules, without a case's numbers."""
        text = self._roles[agent].template.replace("$rules", self._rules_for(several=several).template)
        return f"{agent}-{hashlib.sha256(text.encode()).hexdigest()[:VERSION_DIGITS]}"

    def of(self, agent: str, policy: InvestigationPolicy, *, several: bool = False) -> str:
        """The prompt of an agent for a case with this policy, of one alert or several.

        Raises KeyError for an agent that has none.
        """
        levels = {level: f"{start:g}" for level, start in LEVEL_FROM.items()}
        template = self._rules_for(several=several)
        threshold = f"{policy.auto_clear_threshold:g}"
        rules = template.substitute(levels, threshold=threshold, stale_days=STALE_DAYS, most_cited=MAX_CITED)
        return self._roles[agent].substitute(rules=rules)

    def _rules_for(self, *, several: bool) -> Template:
        return self._rules_of_several if several else self._rules


def load_chat_prompt() -> str:
    """The prompt of the assistant that answers customers. Raises OSError when the installation is incomplete."""
    return _read("chat")


def load_prompts() -> Prompts:
    """The prompts of this release. Raises OSError or KeyError when the installation is incomplete."""
    return Prompts(_read("rules"), {agent: _read(agent) for agent in AGENTS}, _read("several_alerts"))


def _read(name: str) -> str:
    return (_FOLDER / f"{name}.md").read_text(encoding="utf-8")
