"""Each process runs with what its own extra installs: `pip install casewright[worker]` and nothing else."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
OURS = frozenset({"contracts", "runtime", "casebook", "screening", "worker", "backend", "mcp_server", "local"})
PACKAGE_OF = {"worker": "worker", "backend": "backend", "mcp": "mcp_server", "local": "local"}
"""The extra of each process, and the package that it is for."""
STARTED = {"worker": "worker", "backend": "backend", "mcp": "mcp_server", "local": "local.model"}
AZURE = {"worker": "azure.identity", "backend": "azure.identity.aio"}
MADE_OF = {"fastmcp": "fastmcp-slim"}
"""Distributions that hold nothing themselves and bring the one that does."""
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def path_of(module: str) -> Path | None:
    """The file of one of our modules."""
    stem = ROOT.joinpath(*module.split("."))
    return next((path for path in (stem.with_suffix(".py"), stem / "__init__.py") if path.is_file()), None)


@cache
def imports_of(path: Path) -> frozenset[str]:
    """The modules that a file imports, inside functions too; of ours also names that may be modules themselves."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            if is_ours(node.module):
                found.update(f"{node.module}.{each.name}" for each in node.names)
    return frozenset(found)


def modules_of(package: str) -> dict[str, Path]:
    """The modules of a process: all of its own package, and those of ours that these import, by and by."""
    own = (path for path in (ROOT / package).rglob("*.py"))
    ahead = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in own]
    if package in {"worker", "backend"}:
        # Alembic finds the migrations by their folder.
        versions = (ROOT / "casebook" / "database" / "migrations").rglob("*.py")
        ahead += [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in versions]
    found: dict[str, Path] = {}
    while ahead:
        module = ahead.pop()
        path = path_of(module)
        if path is None or module in found:
            continue
        found[module] = path
        ahead += filter(is_ours, imports_of(path))
    return found


def foreign(package: str) -> frozenset[str]:
    """The modules of others that a process imports."""
    every = frozenset[str]().union(*map(imports_of, modules_of(package).values()))
    return frozenset(name for name in every if not is_ours(name) and top(name) not in sys.stdlib_module_names)


def is_ours(module: str) -> bool:
    return top(module) in OURS


def top(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


@cache
def owners_of(package: str) -> frozenset[str]:
    """The distributions that hold a package of that name."""
    return frozenset(canonicalize_name(name) for name in installed()[package])


@cache
def installed() -> Mapping[str, list[str]]:
    return packages_distributions()


@cache
def files_of(name: str) -> frozenset[str]:
    return frozenset(str(file) for file in distribution(name).files or ())


@cache
def installed_by(module: str) -> frozenset[str]:
    """The distributions that hold a module; none when it is a name inside one."""
    owners = owners_of(top(module))
    if len(owners) == 1:
        return owners
    # A namespace that several share, such as azure.
    inside = module.replace(".", "/")
    return frozenset(owner for owner in owners if {f"{inside}/__init__.py", f"{inside}.py"} & files_of(owner))


def declared(extra: str) -> frozenset[str]:
    """The distributions that an extra names, with those that all processes need."""
    asked = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"][extra]]
    names: set[str] = set()
    for requirement in map(Requirement, asked):
        if requirement.name == PROJECT["name"]:
            names.update(*(declared(each) for each in requirement.extras))
        else:
            name = canonicalize_name(requirement.name)
            names.update({name, MADE_OF.get(name, name)})
    return frozenset(names)


@pytest.mark.parametrize("extra", PACKAGE_OF)
def test_an_extra_names_whatever_its_process_imports(extra: str) -> None:
    named = declared(extra)
    lacking = {module: owners for module in foreign(PACKAGE_OF[extra]) if (owners := installed_by(module)) - named}

    assert lacking == {}


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("extra", PACKAGE_OF)
def test_an_extra_installs_and_imports_alone(extra: str, tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python"
    uv = Path(sys.executable).with_name("uv")
    lock = ("--constraint", ROOT / "requirements.lock", "-r", ROOT / "pyproject.toml", "--extra", extra)
    run(uv, "venv", "--quiet", "--python", sys.executable, tmp_path)
    run(uv, "pip", "install", "--quiet", "--python", python, *lock)

    ours = filter(is_imported, modules_of(PACKAGE_OF[extra]))
    every = sorted({*ours, *foreign(PACKAGE_OF[extra])})
    run(python, "-W", "error", "-c", f"import importlib\nfor name in {every}: importlib.import_module(name)")
    assert run(python, "-m", STARTED[extra], "--help").startswith("usage:")
    if extra in AZURE:
        # What it sends with is imported only when somebody signs in.
        run(python, "-c", f"from {AZURE[extra]} import DefaultAzureCredential as Credential; Credential()")


def is_imported(module: str) -> bool:
    """Whether importing a module does nothing else: programs and migrations run when they are imported."""
    return not module.endswith("__main__") and ".migrations" not in module


def run(*command: str | Path) -> str:
    done = subprocess.run([str(each) for each in command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
