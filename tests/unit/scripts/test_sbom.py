"""The bill of materials is CycloneDX, names what is locked, and is the same each time."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from scripts.sbom import CannotList, listed, main, reproducible

DOCUMENTS = ("python.cdx.json", "web.cdx.json")
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = tmp_path_factory.mktemp("sbom")
    main([str(written)])
    return written


def document(folder: Path, name: str) -> dict[str, Any]:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def named(folder: Path, name: str) -> set[tuple[str, str]]:
    return {(part["name"], part["version"]) for part in document(folder, name)["components"]}


@pytest.mark.integration
@pytest.mark.parametrize("name", DOCUMENTS)
def test_both_documents_are_valid_cyclonedx(folder: Path, name: str) -> None:
    version = SchemaVersion[f"V{document(folder, name)['specVersion'].replace('.', '_')}"]
    assert JsonStrictValidator(version).validate_str((folder / name).read_text(encoding="utf-8")) is None
    assert document(folder, name)["metadata"]["component"]["name"] == "casewright"


@pytest.mark.integration
def test_every_locked_package_is_named(folder: Path) -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert named(folder, "python.cdx.json") == set(re.findall(r"^([\w.-]+)==([^ ;]+)", lock, re.MULTILINE))

    web = {name for name, _ in named(folder, "web.cdx.json")}
    shipped = json.loads((ROOT / "web" / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert set(shipped) <= web
    assert web.isdisjoint({"vite", "eslint", "vitest", "playwright-core"})


@pytest.mark.integration
def test_the_same_locks_give_the_same_documents(folder: Path, tmp_path: Path) -> None:
    main([str(tmp_path)])
    for name in DOCUMENTS:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_what_differs_from_run_to_run_is_left_out() -> None:
    parts = [{"bom-ref": "b"}, {"bom-ref": "a"}]
    one = {"serialNumber": "1", "metadata": {"timestamp": "1", "component": {"name": "x"}}, "components": parts}
    other = {"metadata": {"timestamp": "2", "component": {"name": "y"}}, "components": parts[::-1]}
    assert reproducible(one) == reproducible(other)


def test_a_tool_that_fails_is_one_sentence() -> None:
    with pytest.raises(CannotList, match=r"^false does not list the packages \(.*exit status 1\.\)\.$"):
        listed(["false"])
    with pytest.raises(CannotList, match=r"^/?no-such-tool does not list the packages"):
        listed(["no-such-tool"])
