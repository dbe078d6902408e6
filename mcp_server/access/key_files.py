"""Keys of callers and of grants in one folder: private ones each in a file of its own, public ones in two lists.

For machines where nobody else makes keys: the local stack, and a tool server that is started alone on loopback.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from contracts.access import ToolScope
from runtime.signatures import KeyInvalid, PrivateKey

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


class KeysUnusable(Exception):
    """Keys cannot be read or made; the message is one sentence that says how to mend it."""


def make_keys(folder: Path, renewed: Sequence[str] = ()) -> None:
    """Make what is missing in the folder; existing keys stay, but for those of `renewed`, which get a successor.

    The public keys of the old ones stay in the lists: who holds one goes on until its file is replaced. Raises
    KeysUnusable.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        callers, grants = _listed(folder / CALLERS_FILE), _listed(folder / GRANT_KEYS_FILE)
        for name in (*CALLERS, GRANTS):
            key = _private_key(folder / f"{name}.pem", renew=name in renewed)
            notes = {"sub": name, "scopes": [*CALLERS[name]]} if name in CALLERS else {}
            listed = callers if name in CALLERS else grants
            if all(entry.get("kid") != key.key_id for entry in listed):
                listed.append({**key.public, **notes})
        _replace(folder / CALLERS_FILE, json.dumps({"keys": callers}, indent=1))
        _replace(folder / GRANT_KEYS_FILE, json.dumps({"keys": grants}, indent=1))
    except OSError as error:
        raise KeysUnusable(
            f"The keys in {folder} cannot be made ({error.strerror}): mend that, or choose another folder."
        ) from error


def read_private_key(file: Path) -> PrivateKey:
    """The key in a file. Raises KeysUnusable."""
    try:
        return PrivateKey(file.read_text("ascii"))
    except FileNotFoundError:
        raise KeysUnusable(
            f"There is no key at {file}: start the tool server once, or run its command 'keys'."
        ) from None
    except (OSError, ValueError) as error:
        why = str(error) if isinstance(error, KeyInvalid) else "it cannot be read"
        raise KeysUnusable(f"The key at {file} cannot be used ({why}): delete it, and it is made anew.") from None


def _private_key(file: Path, *, renew: bool) -> PrivateKey:
    if file.exists() and not renew:
        return read_private_key(file)
    key = PrivateKey.new()
    _replace(file, key.pem)
    return key


def _listed(file: Path) -> list[dict[str, Any]]:
    if not file.exists():
        return []
    try:
        return list(json.loads(file.read_text("utf-8"))["keys"])
    except (ValueError, KeyError, TypeError):
        raise KeysUnusable(f"{file} is no list of public keys: delete it, and it is made anew.") from None


def _replace(file: Path, text: str) -> None:
    """Whoever reads at the same time reads a whole file, and nobody else ever does."""
    unfinished = file.with_name(file.name + ".part")
    unfinished.unlink(missing_ok=True)
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:  # noqa: PTH123
        opened.write(text)
    unfinished.replace(file)
