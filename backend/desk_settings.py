"""The settings that several processes of the desk have."""

from typing import Annotated

from contracts.sessions import AuthMode
from runtime.secret_sources import HoldsSecret
from runtime.settings import ProcessSettings


class CasebookSettings(ProcessSettings):
    """Which case record a process writes to."""

    casebook_url: Annotated[str, HoldsSecret()] = "sqlite:///.casewright/casebook.db"


class DeskSettings(CasebookSettings):
    """Those of a process that is told who is let in at the desk."""

    auth_mode: AuthMode = "local"
    """`local`: whoever reaches the backend chooses a persona; loopback only. `oidc`: people sign in at a provider."""
