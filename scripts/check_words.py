"""The words step of `scripts/check`: refuses the glossary's retired words, and test names of more than nine words."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
GLOSSARY = Path("docs/glossary.md")
SUFFIXES = frozenset({"", ".css", ".html", ".jinja", ".md", ".py", ".sh", ".toml", ".ts", ".tsx", ".yaml", ".yml"})
_ROW = re.compile(r"^\| (?P<words>`[^|]+`) \| (?P<instead>[^|]*) \| ?(?P<folders>[^|]*)\|$", re.MULTILINE)
_TEST = re.compile(r"^\s*(?:async )?def (test_\w+)\(")
MAX_TEST_WORDS = 9
"""After `test_`: the name of a failed test then reads as the behaviour that is wrong."""


@dataclass(frozen=True)
class RetiredWord:
    """A word that no name may use, and what is said instead."""

    word: str
    instead: str
    folders: tuple[str, ...]
    """Where it is refused; empty: everywhere."""


def retired_words(glossary: str) -> list[RetiredWord]:
    """The rows under "Retired words". Raises ValueError when there is none."""
    _, found, section = glossary.partition("## Retired words")
    rows = list(_ROW.finditer(section))
    if not found or not rows:
        raise ValueError(f"{GLOSSARY} has no table under 'Retired words': restore it.")
    return [
        RetiredWord(word, row["instead"].strip(), tuple(row["folders"].split()))
        for row in rows
        for word in re.findall(r"`([^`]+)`", row["words"])
    ]


def offences(path: Path, text: str, words: list[RetiredWord]) -> Iterator[str]:
    """One sentence for each use of a retired word in a file or in its path, which is relative to the repository."""
    plain = _plain(text)
    for each in words:
        if each.folders and not str(path).startswith(each.folders):
            continue
        pattern = _pattern_of(each.word)
        if pattern.search(str(path)):
            yield f"{path}: '{each.word}' is retired; say {each.instead} ({GLOSSARY})."
        for number, line in enumerate(text.splitlines() if _plain(each.word) in plain else (), start=1):
            if pattern.search(line):
                yield f"{path}:{number}: '{each.word}' is retired; say {each.instead} ({GLOSSARY})."


def _plain(text: str) -> str:
    """For a first, quick look: what a phrase and its forms have in common."""
    return text.lower().replace("_", " ")


@cache
def _pattern_of(word: str) -> re.Pattern[str]:
    """A name as it is written; a phrase also with a capital, and inside of names, where `_` stands for its spaces."""
    if " " not in word:
        return re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")
    phrase = re.escape(word).replace(r"\ ", "[ _]")
    return re.compile(rf"(?<![^\W_]){phrase}(?![^\W_])", re.IGNORECASE if word.islower() else 0)


def long_test_names(path: Path, text: str) -> Iterator[str]:
    """One sentence for each test of a Python file whose name has more than nine words."""
    if path.suffix != ".py" or path.parts[0] != "tests":
        return
    for number, line in enumerate(text.splitlines(), start=1):
        test = _TEST.match(line)
        if test and (words := test[1].count("_")) > MAX_TEST_WORDS:
            yield f"{path}:{number}: '{test[1]}' has {words} words; say the behaviour in at most {MAX_TEST_WORDS}."


def tracked_files(root: Path) -> Iterator[Path]:
    """The repository's text files, relative to it; not the glossary, which names what it retires."""
    git = shutil.which("git") or "git"
    command = [git, "ls-files", "-z"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)  # noqa: S603 fixed command
    for name in filter(None, listed.stdout.split("\0")):
        path = Path(name)
        if path.suffix in SUFFIXES and path != GLOSSARY and (root / path).is_file():
            yield path


def main() -> int:
    """Print every offence; 1 when there is one."""
    words = retired_words((ROOT / GLOSSARY).read_text(encoding="utf-8"))
    found: list[str] = []
    for path in tracked_files(ROOT):
        text = (ROOT / path).read_text(encoding="utf-8", errors="replace")
        found += offences(path, text, words)
        found += long_test_names(path, text)
    sys.stdout.write("\n".join(found or [f"words: none of {len(words)} retired ones is used"]) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
