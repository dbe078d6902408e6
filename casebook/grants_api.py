"""The facade of grants: the backend signs what people have approved."""

from casebook.commands.grants import GrantSigner, purge_grants, sign_grants
from casebook.facade import Facade
from casebook.queries.grants import acting_cases


class GrantsApi(Facade):
    """One transaction per method, from any thread. Every method raises CasebookUnavailable when the database fails."""

    def acting_cases(self) -> list[str]:
        """Cases in which something that was approved has begun and not ended."""
        with self._read() as connection:
            return acting_cases(connection)

    def sign(self, case_id: str, signer: GrantSigner) -> int:
        """Sign what people approved in a case and has not ended; how many grants are new.

        Nothing is granted that can still be taken back, or whose facts have changed. Raises CaseNotFound.
        """
        with self._write_apart() as connection:
            return sign_grants(connection, case_id, signer, self._clock())

    def purge(self) -> int:
        """Delete the grants that are no longer valid; how many those were."""
        with self._write_apart() as connection:
            return purge_grants(connection, self._clock())
