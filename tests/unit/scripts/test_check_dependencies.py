import json
from collections.abc import Callable, Sequence
from datetime import date
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

import pytest

from scripts.check_dependencies import (
    Accepted,
    BadList,
    NotChecked,
    Run,
    Vulnerability,
    judged,
    main,
    overdue,
    python_vulnerabilities,
    read_accepted,
    refused_licences,
    refused_web_licences,
    web_vulnerabilities,
)

MakePackage = Callable[[str], Distribution]


@pytest.fixture
def package(tmp_path: Path) -> MakePackage:
    def make(metadata: str) -> Distribution:
        folder = tmp_path / "example-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("Metadata-Version: 2.4\nName: example\nVersion: 1.0\n" + metadata)
        return Distribution.at(folder)

    return make


@pytest.mark.parametrize(
    "metadata",
    [
        "License-Expression: MIT\n",
        "License-Expression: Apache-2.0 OR BSD-2-Clause\n",
        "Classifier: License :: OSI Approved :: MIT License\n",
        "License: BSD 3-Clause\n",
    ],
)
def test_a_permissive_licence_is_allowed(package: MakePackage, metadata: str) -> None:
    assert refused_licences([package(metadata)]) == []


@pytest.mark.parametrize(
    "metadata",
    [
        "",
        "License-Expression: AGPL-3.0-only\n",
        "License-Expression: MIT AND GPL-2.0-only\n",
        "License: Proprietary\n",
        "Classifier: License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)\n",
    ],
)
def test_an_unknown_or_copyleft_licence_is_named(package: MakePackage, metadata: str) -> None:
    (line,) = refused_licences([package(metadata)])
    assert line.startswith("example: licence ")


def web_lock(**package: Any) -> dict[str, Any]:
    return {"packages": {"": {}, "web": {}, "node_modules/@scope/example": package}}


@pytest.mark.parametrize("licence", ["MIT", "(MIT OR CC0-1.0)", "BlueOak-1.0.0", "MPL-2.0"])
def test_a_permissive_web_licence_is_allowed(licence: str) -> None:
    assert refused_web_licences(web_lock(license=licence)) == []


@pytest.mark.parametrize("package", [{}, {"license": "GPL-3.0"}, {"license": "UNLICENSED"}])
def test_another_web_licence_is_named(package: dict[str, Any]) -> None:
    (line,) = refused_web_licences(web_lock(**package))
    assert line.startswith("@scope/example: licence ")


def printing(text: str) -> Run:
    def run(_: Sequence[str]) -> str:
        return text

    return run


def audited(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": packages})


def test_what_pip_audit_knows_is_read() -> None:
    text = audited({"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1"}]}, {"name": "b", "vulns": []})
    assert python_vulnerabilities("x.lock", printing(text)) == [Vulnerability("a", "PYSEC-1")]


def test_what_npm_knows_is_read_once() -> None:
    advisory = {"source": 1, "url": "https://github.com/advisories/GHSA-aaaa-bbbb-cccc"}
    said = {"vulnerabilities": {"a": {"name": "a", "via": [advisory]}, "b": {"name": "b", "via": ["a"]}}}
    assert web_vulnerabilities(printing(json.dumps(said))) == [Vulnerability("a", "GHSA-aaaa-bbbb-cccc")]


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"error": {"code": "E405"}}', '{"vulnerabilities": 1}'])
def test_an_answer_without_knowledge_is_no_all_clear(text: str) -> None:
    with pytest.raises(NotChecked, match="pip-audit did not say what is known"):
        python_vulnerabilities("x.lock", printing(text))
    with pytest.raises(NotChecked, match="npm audit did not say what is known"):
        web_vulnerabilities(printing(text))


def test_a_package_that_nobody_knows_is_not_checked() -> None:
    text = audited({"name": "a", "skip_reason": "no such package"}, {"name": "b", "vulns": []})
    with pytest.raises(NotChecked, match=r"pip-audit knows nothing of 1 packages of x\.lock, a among them"):
        python_vulnerabilities("x.lock", printing(text))


TODAY = date(2027, 3, 1)
FOUND = Vulnerability("example", "GHSA-1")
ENTRY = Accepted("example", "GHSA-1", TODAY, "Nothing here starts its server.")


def test_an_accepted_vulnerability_is_passed_until_its_date() -> None:
    assert judged([FOUND, FOUND], [ENTRY], TODAY) == []
    assert overdue([ENTRY], TODAY) == []
    late = date(2027, 3, 2)
    assert judged([FOUND], [ENTRY], late) == overdue([ENTRY], late)
    assert overdue([ENTRY], late) == [
        "example: GHSA-1: it was accepted until 2027-03-01: update the package, or judge it anew."
    ]


def test_what_nobody_accepted_and_idle_entries_are_named() -> None:
    (new, unused) = judged([Vulnerability("example", "GHSA-2")], [ENTRY], TODAY)
    assert new.startswith("example: GHSA-2: update the package, or accept it in scripts/accepted-vulnerabilities.toml")
    assert unused.startswith("example: GHSA-1: it is not found any more")


@pytest.mark.parametrize(
    "text",
    [
        "[[accepted]]",
        '[[accepted]]\npackage = "a"\nadvisory = "b"\nuntil = 2027-01-01',
        '[[accepted]]\npackage = "a"\nadvisory = "b"\nuntil = 2027-01-01\nreason = " "',
        '[[accepted]]\npackage = "a"\nadvisory = "b"\nuntil = "some day"\nreason = "c"',
        "accepted = what",
    ],
)
def test_an_entry_needs_a_reason_and_a_date(text: str) -> None:
    with pytest.raises(BadList, match=r"scripts/accepted-vulnerabilities\.toml"):
        read_accepted(text)


def test_a_word_that_is_none_checks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT", "no")
    with pytest.raises(SystemExit, match="AUDIT=no is wrong: set it to offline"):
        main()
