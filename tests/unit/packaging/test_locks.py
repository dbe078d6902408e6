"""What is installed is named with its hash, and a process is installed without what it is developed with."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-uv.lock", "requirements-llm.lock")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pins(lock: str) -> dict[str, str]:
    """Each package of a lock file with all that is said of it."""
    text = re.sub(r"^ *#.*\n", "", (ROOT / lock).read_text(encoding="utf-8"), flags=re.MULTILINE)
    # On which system a package is needed depends on what else is.
    text = re.sub(r" ; .*(?= \\$)", "", text, flags=re.MULTILINE)
    return {entry.partition("==")[0]: entry for entry in re.split(r"\n(?=\S)", text.strip())}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_locked_with_its_hashes(lock: str) -> None:
    assert [name for name, entry in pins(lock).items() if "==" not in entry or "--hash=sha256:" not in entry] == []


def test_processes_are_installed_without_development_tools() -> None:
    tools = {canonicalize_name(Requirement(each).name) for each in PROJECT["optional-dependencies"]["dev"]}
    every_process = [
        each for name, extra in PROJECT["optional-dependencies"].items() if name != "dev" for each in extra
    ]
    own = {canonicalize_name(Requirement(each).name) for each in [*PROJECT["dependencies"], *every_process]}

    assert (tools - own - {"casewright"}).isdisjoint(
        pins("requirements.lock").keys() - {"packaging"}  # which libraries need, too
    )
    assert own - {"casewright"} <= pins("requirements.lock").keys() | {"psycopg"}


def test_what_is_developed_with_is_what_is_shipped() -> None:
    developed, shipped = pins("requirements-dev.lock"), pins("requirements.lock")
    assert {name: developed.get(name) for name in shipped} == shipped
    (tool,) = pins("requirements-uv.lock").items()
    assert tool == ("uv", developed["uv"])


def test_no_package_runs_anything_when_it_is_installed() -> None:
    assert "ignore-scripts=true" in (ROOT / ".npmrc").read_text(encoding="utf-8").splitlines()
