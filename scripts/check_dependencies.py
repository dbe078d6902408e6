"""`scripts/check-dependencies`: licences of installed packages, known vulnerabilities of locked ones."""

import importlib.metadata
import json
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

ROOT = Path(__file__).resolve().parent.parent

# Licences that let us ship under MIT. MPL-2.0 binds only changes to its own files.
ALLOWED = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|Mozilla Public License 2|MPL-2\.0|Unlicense|0BSD|Zlib|CC0",
    re.IGNORECASE,
)
FORBIDDEN = re.compile(r"\b[AL]?GPL|General Public License|SSPL|BUSL|Business Source", re.IGNORECASE)
# The LGPL binds the library itself: it is installed unchanged from its own package, and anyone may exchange it.
REPLACEABLE = frozenset({"psycopg", "psycopg-binary"})
# What a virtual environment brings along; it is not shipped.
TOOLS = frozenset({"pip", "setuptools", "wheel"})


class _Vulnerability(TypedDict):
    id: str


class _Dependency(TypedDict, total=False):
    name: str
    version: str
    vulns: list[_Vulnerability]
    skip_reason: str


class _Report(TypedDict):
    dependencies: list[_Dependency]


def licence_of(distribution: importlib.metadata.Distribution) -> str:
    """What a package says about its licence: expression, classifiers, or the first line of the text."""
    metadata = distribution.metadata
    classifiers = [line for line in metadata.get_all("Classifier") or [] if line.startswith("License ::")]
    expressions = metadata.get_all("License-Expression") or []
    texts = [text.partition("\n")[0] for text in metadata.get_all("License") or []]
    return " / ".join(expressions or classifiers or texts)


def refused_licences(distributions: Iterable[importlib.metadata.Distribution]) -> list[str]:
    """One line for each package whose licence is unknown, or does not let us ship it."""
    refused: list[str] = []
    for distribution in distributions:
        licence = licence_of(distribution)
        name = distribution.metadata["Name"]
        if name not in TOOLS | REPLACEABLE and (not ALLOWED.search(licence) or FORBIDDEN.search(licence)):
            refused.append(f"{name}: licence {licence or 'unknown'!r} is not on the list of licences that we may ship.")
    return sorted(refused)


def known_vulnerabilities() -> tuple[list[str], int]:
    """One line for each known vulnerability of the lock file, and how many packages could be looked up."""
    command = ["pip-audit", "-r", "requirements.lock", "--require-hashes", "--disable-pip", "--format", "json"]
    found = subprocess.run(  # noqa: S603 fixed command
        [str(Path(sys.executable).parent / command[0]), *command[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if not found.stdout:
        return [], 0
    report: _Report = json.loads(found.stdout)
    looked_up = [entry for entry in report["dependencies"] if "skip_reason" not in entry]
    lines = [
        f"{entry.get('name')} {entry.get('version')}: {vulnerability['id']}"
        for entry in looked_up
        for vulnerability in entry.get("vulns", [])
    ]
    return lines, len(looked_up)


def main() -> None:
    """Prints what is wrong and exits with 1, or says what was checked."""
    say = sys.stdout.write
    problems = refused_licences(importlib.metadata.distributions())
    vulnerable, looked_up = known_vulnerabilities()
    for line in problems + vulnerable:
        say(line + "\n")
    if problems or vulnerable:
        sys.exit(1)
    say("licences: all allowed\n")
    if looked_up:
        say(f"vulnerabilities: none known in {looked_up} packages\n")
    else:
        say("vulnerabilities: NOT checked, the advisory service cannot be reached from here\n")


if __name__ == "__main__":
    main()
