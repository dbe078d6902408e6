"""Keys of callers and of grants in one folder: private ones each in a file of its own, public ones in two lists.

For machines where nobody else makes keys: the local stack, and a tool server that is started alone on loopback.
"""

import fcntl
import json
import os
from collections.abc import Callable, Generator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, cast

from contracts.access import ToolScope
from runtime.files import close_to_others
from runtime.signatures import KeyInvalid, PrivateKey, read_public_keys

CALLERS: Mapping[str, tuple[ToolScope, ...]] = {
    "worker": ("read", "act", "tasks"),
    "backend": ("read",),
    "operator": ("read",),
}
"""Who has a key of their own, and what they may do."""
OPERATOR = "operator"
"""A person at this machine."""
GRANTS = "grants"
CALLERS_FILE = "callers.json"
GRANT_KEYS_FILE = "grant_keys.json"


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


class KeysUnusable(Exception):
    """Keys cannot be read or made; the message is one sentence that says how to mend it."""


@dataclass(frozen=True)
class ListedKey:
    """A public key in one of the lists of a folder."""

    name: str
    key_id: str
    """Its thumbprint (RFC 7638)."""
    since: str
    """When it was made, as an ISO date; empty for one of which nobody noted it."""
    has_file: bool
    """Whether the folder has the private key: the others are old, or somebody else's."""


def make_keys(folder: Path, renewed: Sequence[str] = (), today: Callable[[], str] = _today) -> None:
    """Make the keys that the folder never had; with `renewed`, a successor of each of those and nothing else.

    The public keys of the old ones stay in the lists: who holds one goes on until its file is replaced. One that is
    listed and whose file is gone is not made anew: the list may be in use elsewhere. Processes that make keys in the
    same folder at the same time do so one after the other. Raises KeysUnusable.
    """
    with _locked(folder):
        lists = _Lists.read(folder)
        for name in renewed or (*CALLERS, GRANTS):
            file = folder / f"{name}.pem"
            if name in renewed:
                lists.add(name, _new_key(file), today())
            elif file.exists():
                lists.add(name, read_private_key(file), today())
            elif name not in lists.names():
                lists.add(name, _new_key(file), today())
        lists.write(folder)


def listed_keys(folder: Path) -> list[ListedKey]:
    """The public keys of the folder's lists, in their order. Raises KeysUnusable."""
    lists = _Lists.read(folder)
    own = {name: _own_key(folder / f"{name}.pem") for name in lists.names()}
    return [
        ListedKey(name, _key_id(entry), str(entry.get("since", "")), own[name] == _key_id(entry))
        for name, entry in lists.entries()
    ]


def drop_keys(folder: Path, thumbprints: Sequence[str] = (), old_of: Sequence[str] = ()) -> list[ListedKey]:
    """Take public keys out of the lists: these, and of these names all whose private key the folder does not have.

    Returns those that are gone. Raises KeysUnusable, also for a thumbprint that no list has, and then nothing is gone.
    """
    with _locked(folder):
        found, lists = listed_keys(folder), _Lists.read(folder)
        unknown = sorted(set(thumbprints) - {key.key_id for key in found})
        if unknown:
            raise KeysUnusable(f"No list in {folder} has the key {unknown[0]}: 'keys {folder}' shows them.")
        bare = sorted({*old_of} - {key.name for key in found if key.has_file})
        if bare:
            raise KeysUnusable(
                f"Which key of {bare[0]} is old is not known, because {folder / f'{bare[0]}.pem'} is no key of the "
                "list: drop it by its thumbprint."
            )
        gone = [key for key in found if key.key_id in thumbprints or (key.name in old_of and not key.has_file)]
        lists.drop({key.key_id for key in gone})
        lists.write(folder)
    return gone


def read_private_key(file: Path) -> PrivateKey:
    """The key in a file, which others can no longer read if it is ours. Raises KeysUnusable."""
    try:
        with suppress(OSError):
            close_to_others([file])
        return PrivateKey(file.read_text("ascii"))
    except FileNotFoundError:
        instead = "start the tool server once, or run its command 'keys'"
        if (file.parent / CALLERS_FILE).exists():
            instead = f"put it back, or run 'python -m mcp_server keys {file.parent} --renew {file.stem}'"
        raise KeysUnusable(f"There is no key at {file}: {instead}.") from None
    except (OSError, ValueError) as error:
        why = str(error) if isinstance(error, KeyInvalid) else "it cannot be read"
        raise KeysUnusable(
            f"The key at {file} cannot be used ({why}): put the right one there, or make another with 'python -m "
            f"mcp_server keys {file.parent} --renew {file.stem}'."
        ) from None


class _Lists:
    """The public keys of callers and of grants."""

    def __init__(self, callers: list[dict[str, Any]], grants: list[dict[str, Any]]) -> None:
        self._callers = callers
        self._grants = grants

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Those in a folder, empty where there are none. Raises KeysUnusable."""
        callers = _listed(folder / CALLERS_FILE)
        if not all(isinstance(entry.get("sub"), str) for entry in callers):
            raise _damaged(folder / CALLERS_FILE)
        return cls(callers, _listed(folder / GRANT_KEYS_FILE))

    def entries(self) -> list[tuple[str, dict[str, Any]]]:
        """Each with its name."""
        return [(str(entry["sub"]), entry) for entry in self._callers] + [(GRANTS, entry) for entry in self._grants]

    def names(self) -> list[str]:
        """Whose keys they are."""
        return [name for name, _ in self.entries()]

    def add(self, name: str, key: PrivateKey, since: str) -> None:
        """Add the public key, unless it is there."""
        if all(_key_id(entry) != key.key_id for _, entry in self.entries()):
            notes = {"sub": name, "scopes": [*CALLERS[name]]} if name in CALLERS else {}
            (self._callers if name in CALLERS else self._grants).append({**key.public, **notes, "since": since})

    def drop(self, key_ids: Set[str]) -> None:
        """Take these out."""
        self._callers = [entry for entry in self._callers if _key_id(entry) not in key_ids]
        self._grants = [entry for entry in self._grants if _key_id(entry) not in key_ids]

    def write(self, folder: Path) -> None:
        """Both files."""
        for name, entries in ((CALLERS_FILE, self._callers), (GRANT_KEYS_FILE, self._grants)):
            _replace(folder / name, json.dumps({"keys": entries}, indent=1))


@contextmanager
def _locked(folder: Path) -> Generator[None]:
    """The folder, made if it is not there, and nobody else's meanwhile. Raises KeysUnusable."""
    try:
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # The umask of whoever calls may have taken more away, or the folder's parents less.
            folder.chmod(0o700)
        opened = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX)
            yield
        finally:
            os.close(opened)
    except OSError as error:
        raise KeysUnusable(
            f"The keys in {folder} cannot be made ({error.strerror}): mend that, or choose another folder."
        ) from error


def _new_key(file: Path) -> PrivateKey:
    key = PrivateKey.new()
    _replace(file, key.pem)
    return key


def _own_key(file: Path) -> str | None:
    return read_private_key(file).key_id if file.exists() else None


def _key_id(entry: Mapping[str, Any]) -> str:
    return next(iter(read_public_keys(json.dumps({"keys": [entry]}))))


def _listed(file: Path) -> list[dict[str, Any]]:
    if not file.exists():
        return []
    try:
        text = file.read_text("utf-8")
        entries = cast("list[dict[str, Any]]", json.loads(text)["keys"])
        if entries != []:
            read_public_keys(text)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _damaged(file) from None
    return entries


def _damaged(file: Path) -> KeysUnusable:
    return KeysUnusable(
        f"{file} is no list of public keys: put the right one there. Where no process uses it elsewhere, delete it: it "
        "is made anew of the private keys beside it."
    )


def _replace(file: Path, text: str) -> None:
    """Whoever reads at the same time reads a whole file, and nobody else ever does."""
    unfinished = file.with_name(file.name + ".part")
    unfinished.unlink(missing_ok=True)
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:  # noqa: PTH123
        opened.write(text)
    unfinished.replace(file)
