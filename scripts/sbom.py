"""`scripts/sbom`: the software bill of materials of the processes and of the web interface, from their lock files."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NAME = "casewright"
PYTHON = (
    str(Path(sys.executable).parent / "cyclonedx-py"),
    *("requirements", "requirements.lock", "--pyproject", "pyproject.toml", "--output-reproducible", "--of", "JSON"),
)
WEB = ("npm", "sbom", "--sbom-format", "cyclonedx", "--package-lock-only", "--workspace", "web")


class CannotList(Exception):
    """A tool does not list the packages; the message is one sentence that says which, and what it said."""


def listed(command: Sequence[str]) -> dict[str, Any]:
    """What the tool lists. Raises CannotList."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 fixed commands
    except (OSError, subprocess.CalledProcessError) as error:
        said = str(getattr(error, "stderr", "") or error).strip().splitlines()[-1:]
        raise CannotList(f"{Path(command[0]).name} does not list the packages ({' '.join(said)}).") from None
    return json.loads(done.stdout)


def shipped(document: dict[str, Any], lock: Mapping[str, Any]) -> dict[str, Any]:
    """The document without what is only developed with, as the `package-lock.json` says.

    npm's own `--omit dev` leaves out packages of a workspace that are shipped, such as React.
    """
    kept = {
        f"{path.rpartition('node_modules/')[2]}@{package['version']}"
        for path, package in lock["packages"].items()
        if "version" in package and not package.get("dev") and not package.get("devOptional")
    }
    root = document["metadata"]["component"]["bom-ref"]
    components = [part for part in document["components"] if part["bom-ref"] in kept]
    refs = {root, *(part["bom-ref"] for part in components)}
    dependencies = [
        {"ref": entry["ref"], "dependsOn": sorted(refs.intersection(entry.get("dependsOn", [])))}
        for entry in document["dependencies"]
        if entry["ref"] in refs
    ]
    return {**document, "components": components, "dependencies": dependencies}


def reproducible(document: dict[str, Any]) -> str:
    """The same text for the same packages, wherever and whenever it is written."""
    document.pop("serialNumber", None)
    document["metadata"].pop("timestamp", None)
    # npm calls the whole after the folder that it lies in.
    document["metadata"]["component"]["name"] = NAME
    for part, key in (("components", "bom-ref"), ("dependencies", "ref")):
        document[part] = sorted(document.get(part, []), key=lambda entry: str(entry[key]))
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str]) -> None:
    """Writes the two documents into the folder. Exits with 1 and one sentence where a tool does not work."""
    folder = Path(arguments[0])
    try:
        lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
        documents = {"python.cdx.json": listed(PYTHON), "web.cdx.json": shipped(listed(WEB), lock)}
        for name, document in documents.items():
            (folder / name).write_text(reproducible(document), encoding="utf-8")
            sys.stdout.write(f"{folder / name}\n")
    except CannotList as fault:
        sys.exit(f"sbom: {fault}")


if __name__ == "__main__":
    main(sys.argv[1:])
