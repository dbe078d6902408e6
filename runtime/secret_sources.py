"""From where a process has its secrets: the environment, a file each, or Azure Key Vault."""

import os
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

IN_FILE = "_FILE"
"""`NAME_FILE` names the file that holds the value of `NAME`."""
MAX_BYTES = 64 * 1024
"""More than any key, certificate or list of them that a setting holds."""
NOT_SET = "not set"


class HoldsSecret:
    """Marks a setting whose value may hold a secret though it is no `SecretStr`: an address with a password."""


class SecretUnreadable(Exception):
    """A secret cannot be had from where it is said to be; one sentence each says why, and never the value."""


class VaultUnavailable(SecretUnreadable):
    """No secret at all can be had from the vault."""


@dataclass(frozen=True)
class FoundSecrets:
    """The secrets that are not in the environment itself, and where each secret comes from."""

    values: Mapping[str, str] = field(repr=False)
    """By the name of the setting in capitals."""
    sources: Mapping[str, str]
    """By the same name, for people: `environment`, `file PATH`, `Key Vault HOST`, `not set`."""


def secret_names(fields: Mapping[str, FieldInfo]) -> list[str]:
    """The settings among the fields of a model that hold secrets or may, in capitals and in order."""
    return sorted(name.upper() for name, info in fields.items() if _is_secret(info))


def find_secrets(
    names: Iterable[str], environment: Mapping[str, str], ask_vault: Callable[[str], str | None] | None, vault: str
) -> FoundSecrets:
    """The secrets of these names: the environment comes before a file, and both come before the vault.

    `ask_vault` returns what the vault called `vault` has under a name, None if it has nothing; without it there is no
    vault. Raises SecretUnreadable.
    """
    # Settings are read whatever the case of their names.
    given = {name.upper(): value for name, value in environment.items() if value}
    values: dict[str, str] = {}
    sources: dict[str, str] = {}
    faults: list[str] = []
    for name in names:
        file = given.get(name + IN_FILE)
        try:
            if name in given and file is not None:
                raise SecretUnreadable(f"{name} and {name}{IN_FILE} are both set: unset one of them.")
            if name in given:
                sources[name] = "environment"
            elif file is not None:
                values[name], sources[name] = _read(f"{name}{IN_FILE}", Path(file))
            elif ask_vault is not None and (value := ask_vault(name)) is not None:
                values[name], sources[name] = value, f"Key Vault {vault}"
            else:
                sources[name] = NOT_SET
        except VaultUnavailable:
            raise
        except SecretUnreadable as fault:
            faults.append(str(fault))
    if faults:
        raise SecretUnreadable(" ".join(faults))
    return FoundSecrets(values, sources)


def with_files_read(environment: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """The environment with `NAME` in place of `NAME_FILE`, for these names. Raises SecretUnreadable."""
    wanted = sorted(names)
    found = find_secrets(wanted, environment, None, "")
    files = {name + IN_FILE for name in wanted}
    return {name: value for name, value in environment.items() if name.upper() not in files} | dict(found.values)


def _read(name: str, file: Path) -> tuple[str, str]:
    """What the file holds, without a byte order mark and line ends after it, and how people are told of it."""
    try:
        # A pipe that nobody writes to would hold the process up.
        with open(os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as opened:  # noqa: PTH123
            status = os.fstat(opened.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise _bad(name, "it is not a file", "name the file that holds the value")
            held = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise _bad(name, f"the file cannot be read: {error.strerror}", "mend that, or name another") from None
    if len(held) > MAX_BYTES:
        raise _bad(name, f"the file has more than {MAX_BYTES // 1024} kB", "name the file that holds the value alone")
    try:
        text = held.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _bad(name, "the file is no UTF-8 text", "write the value alone into it") from None
    value = text.rstrip("\r\n")
    if not value.strip():
        raise _bad(name, "the file is empty", f"write the value into it, or unset {name}")
    others = ", which others can read" if status.st_mode & (stat.S_IRGRP | stat.S_IROTH) else ""
    return value, f"file {file}{others}"


def _bad(name: str, why: str, mend: str) -> SecretUnreadable:
    return SecretUnreadable(f"{name} is wrong ({why}): {mend}.")


def _is_secret(info: FieldInfo) -> bool:
    return any(map(_says_secret, (info.annotation, *info.metadata)))


def _says_secret(part: Any) -> bool:
    return part is SecretStr or isinstance(part, HoldsSecret) or any(map(_says_secret, get_args(part)))
