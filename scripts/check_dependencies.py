"""`scripts/check-dependencies`: licences of all packages, and known vulnerabilities of locked ones."""

import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = "requirements-dev.lock"
"""What is shipped, and what it is developed with."""
ACCEPTED = Path("scripts/accepted-vulnerabilities.toml")

# Licences that let us ship under MIT. MPL-2.0 binds only changes to its own files.
ALLOWED = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|Mozilla Public License 2|MPL-2\.0|Unlicense|0BSD|Zlib|CC0"
    r"|BlueOak-1\.0\.0|Python-2\.0|OFL-1\.1|CC-BY-4\.0",
    re.IGNORECASE,
)
FORBIDDEN = re.compile(r"\b[AL]?GPL|General Public License|SSPL|UNLICENSED|BUSL|Business Source", re.IGNORECASE)
# The LGPL binds the library itself: it is installed unchanged from its own package, and anyone may exchange it.
REPLACEABLE = frozenset({"psycopg", "psycopg-binary"})
# What a virtual environment brings along; it is not shipped.
TOOLS = frozenset({"pip", "setuptools", "wheel"})


Run = Callable[[Sequence[str]], str]
"""Runs a command of this environment and returns what it printed, whatever its exit code."""


class NotChecked(Exception):
    """Nobody said what is known of the packages; the message is one sentence that says who did not."""


class BadList(Exception):
    """The list of accepted vulnerabilities cannot be used; the message is one sentence that says why."""


@dataclass(frozen=True)
class Vulnerability:
    """What is known of a locked package."""

    package: str
    advisory: str
    """Its id, such as `GHSA-…`, `PYSEC-…` or `CVE-…`."""

    def __str__(self) -> str:
        return f"{self.package}: {self.advisory}"


@dataclass(frozen=True)
class Accepted:
    """A vulnerability that does not hurt here, for a reason and a time."""

    package: str
    advisory: str
    until: date
    reason: str


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


def refused_web_licences(lock: Mapping[str, Any]) -> list[str]:
    """The same for the packages of a `package-lock.json`, which says the licence of each."""
    refused: list[str] = []
    for path, package in lock["packages"].items():
        if "node_modules/" not in path or package.get("link"):
            continue
        licence = str(package.get("license", ""))
        if not ALLOWED.search(licence) or FORBIDDEN.search(licence):
            name = path.rpartition("node_modules/")[2]
            refused.append(f"{name}: licence {licence or 'unknown'!r} is not on the list of licences that we may ship.")
    return sorted(set(refused))


def python_vulnerabilities(lock: str, run: Run) -> list[Vulnerability]:
    """What pip-audit knows of the packages of a lock file. Raises NotChecked."""
    printed = run(["pip-audit", "-r", lock, "--require-hashes", "--disable-pip", "--format", "json"])
    try:
        packages = json.loads(printed)["dependencies"]
    except (ValueError, KeyError, TypeError):
        raise NotChecked(f"pip-audit did not say what is known of {lock}.") from None
    if skipped := [package["name"] for package in packages if "skip_reason" in package]:
        raise NotChecked(f"pip-audit knows nothing of {len(skipped)} packages of {lock}, {skipped[0]} among them.")
    return [Vulnerability(package["name"], known["id"]) for package in packages for known in package["vulns"]]


def web_vulnerabilities(run: Run) -> list[Vulnerability]:
    """What npm knows of the packages of `package-lock.json`. Raises NotChecked."""
    printed = run(["npm", "audit", "--json", "--package-lock-only"])
    try:
        packages = json.loads(printed)["vulnerabilities"].values()
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NotChecked("npm audit did not say what is known of package-lock.json.") from None
    return [
        Vulnerability(package["name"], str(cause["url"]).rpartition("/")[2])
        for package in packages
        # A text names another package that has the vulnerability.
        for cause in package["via"]
        if not isinstance(cause, str)
    ]


def read_accepted(text: str) -> list[Accepted]:
    """The entries of the list. Raises BadList."""
    try:
        entries = tomllib.loads(text).get("accepted", [])
        accepted = [Accepted(**entry) for entry in entries]
    except (tomllib.TOMLDecodeError, TypeError) as error:
        raise BadList(f"{ACCEPTED} cannot be read ({error}): give package, advisory, until and reason.") from None
    for entry in accepted:
        if type(entry.until) is not date or not entry.reason.strip():
            raise BadList(f"{ACCEPTED}: {entry.package} needs a reason, and a date until when it is accepted.")
    return accepted


def judged(found: Iterable[Vulnerability], accepted: Iterable[Accepted], today: date) -> list[str]:
    """One line for each vulnerability that nobody accepted, or no longer, and for each entry without a use."""
    known = {Vulnerability(entry.package, entry.advisory): entry for entry in accepted}
    lines: list[str] = []
    for vulnerability in sorted(set(found), key=str):
        entry = known.pop(vulnerability, None)
        if entry is None:
            lines.append(f"{vulnerability}: update the package, or accept it in {ACCEPTED} with a reason.")
        elif entry.until < today:
            lines.append(f"{vulnerability}: it was accepted until {entry.until}: update the package, or judge it anew.")
    lines += [f"{unused}: it is not found any more: take it out of {ACCEPTED}." for unused in known]
    return lines


def overdue(accepted: Iterable[Accepted], today: date) -> list[str]:
    """One line for each entry whose time is over."""
    return [
        f"{entry.package}: {entry.advisory}: it was accepted until {entry.until}: update the package, or judge it anew."
        for entry in accepted
        if entry.until < today
    ]


def problems(run: Run, *, offline: bool, today: date) -> list[str]:
    """One line for whatever is wrong. Raises NotChecked, unless `offline`, and BadList."""
    accepted = read_accepted((ROOT / ACCEPTED).read_text(encoding="utf-8"))
    lines = refused_licences(importlib.metadata.distributions())
    lines += refused_web_licences(json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8")))
    if offline:
        return lines + overdue(accepted, today)
    found = [*python_vulnerabilities(LOCK, run), *web_vulnerabilities(run)]
    return lines + judged(found, accepted, today)


def run_here(command: Sequence[str]) -> str:
    """Runs a command of this environment, or of the system; what it complains of goes to standard error."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(  # noqa: S603 fixed commands
        ["/usr/bin/env", *command],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return done.stdout


def main() -> None:
    """Prints what is wrong and exits with 1, or says what was checked."""
    asked = os.environ.get("AUDIT", "")
    if asked not in ("", "offline"):
        sys.exit(f"AUDIT={asked} is wrong: set it to offline where no advisory service can be reached, or unset it.")
    try:
        lines = problems(run_here, offline=bool(asked), today=datetime.now(UTC).date())
    except BadList as fault:
        sys.exit(str(fault))
    except NotChecked as fault:
        sys.exit(f"{fault} Where no advisory service can be reached, set AUDIT=offline.")
    if lines:
        sys.exit("\n".join(lines))
    vulnerabilities = "NOT checked, because AUDIT=offline" if asked else "none known that is not accepted"
    sys.stdout.write(f"licences: all allowed\nvulnerabilities: {vulnerabilities}\n")


if __name__ == "__main__":
    main()
