"""Asks Azure Key Vault for secrets, as this process's managed identity. Its packages are imported when it is asked."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from runtime.secret_sources import SecretUnreadable

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError

RETRIES = 3
CONNECT_S = 10
READ_S = 20


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

        Raises SecretUnreadable.
        """
        from azure.core.exceptions import AzureError, ResourceNotFoundError

        name = setting.replace("_", "-")
        try:
            value = self._client.get_secret(name).value
        except ResourceNotFoundError:
            return None
        except (AzureError, ValueError) as error:
            raise SecretUnreadable(
                f"Key Vault {self._host} does not give the secret {name} ({_why(error)}): let the identity of this "
                f"process read it (role Key Vault Secrets User), or set {setting}."
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


def _why(error: "AzureError | ValueError") -> str:
    """What went wrong, in a word: the texts of the packages run over pages."""
    status = getattr(error, "status_code", None)
    return f"it answers {status}" if isinstance(status, int) else type(error).__name__
