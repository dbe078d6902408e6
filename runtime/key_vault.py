"""Asks Azure Key Vault for secrets, as this process's managed identity. Its packages are imported when it is asked."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from runtime.secret_sources import SecretUnreadable, VaultUnavailable

RETRIES = 1
CONNECT_S = 5
READ_S = 10
MEND = "check KEY_VAULT_URL, the network and CA_FILE"
LOOK_UP_S = 30.0
"""How long all look-ups of a process may take together."""

FoundT = TypeVar("FoundT")


class _Secrets(Protocol):
    def get_secret(self, name: str) -> "_Secret": ...


class _Secret(Protocol):
    @property
    def value(self) -> str | None: ...


class KeyVault:
    """A vault, asked for one secret at a time: never for a list, which tells of secrets that are others' business."""

    def __init__(self, url: str, client: _Secrets) -> None:
        self._host = urlsplit(url).netloc
        self._client = client

    def secret(self, setting: str) -> str | None:
        """What the vault has for a setting: `GRANT_KEY` is its secret `GRANT-KEY`. None: it has none.

        Raises SecretUnreadable, and VaultUnavailable where asking for others is in vain.
        """
        from azure.core.exceptions import AzureError, ClientAuthenticationError, ResourceNotFoundError

        name = setting.replace("_", "-")
        try:
            value = self._client.get_secret(name).value
        except ResourceNotFoundError:
            return None
        except (AzureError, ValueError) as error:
            status = getattr(error, "status_code", None)
            if not isinstance(status, int):
                # The texts of the packages run over pages.
                nobody = isinstance(error, ClientAuthenticationError)
                mend = "give this process a managed or workload identity" if nobody else MEND
                raise VaultUnavailable(
                    f"Key Vault {self._host} cannot be {'asked' if nobody else 'reached'} ({type(error).__name__}): "
                    f"{mend}."
                ) from None
            raise SecretUnreadable(
                f"Key Vault {self._host} does not give the secret {name} (it answers {status}): let the identity of "
                f"this process read it (role Key Vault Secrets User), or set {setting}."
            ) from None
        if not value:
            raise SecretUnreadable(
                f"Key Vault {self._host} has nothing in the secret {name}: give it a value, or delete it."
            )
        return value


@contextmanager
def open_key_vault(url: str) -> Generator[KeyVault]:
    """The vault at `https://NAME.vault.azure.net`. Raises SecretUnreadable where its packages are not installed."""
    try:
        from azure.identity import DefaultAzureCredential
        from azure.keyvault.secrets import SecretClient
    except ImportError:
        raise SecretUnreadable(
            "KEY_VAULT_URL is set and the package azure-keyvault-secrets is not installed: install it, or unset it."
        ) from None
    limits = {"retry_total": RETRIES, "connection_timeout": CONNECT_S, "read_timeout": READ_S}
    with DefaultAzureCredential() as credential, SecretClient(url, credential, **limits) as client:
        yield KeyVault(url, client)


def within(look_up: Callable[[], FoundT], host: str, seconds: float = LOOK_UP_S) -> FoundT:
    """What a look-up in the vault at `host` finds. Raises VaultUnavailable when it takes longer, and what it raises."""
    found: list[FoundT] = []
    faults: list[Exception] = []

    def run() -> None:
        try:
            found.append(look_up())
        except Exception as fault:  # raised again below
            faults.append(fault)

    # The packages bound single attempts and not the whole; one that hangs ends with the process.
    thread = threading.Thread(target=run, name="key vault", daemon=True)
    thread.start()
    thread.join(seconds)
    if faults:
        raise faults[0]
    if not found:
        raise VaultUnavailable(f"Key Vault {host} cannot be reached (no answer in {seconds:g} s): {MEND}.")
    return found[0]
