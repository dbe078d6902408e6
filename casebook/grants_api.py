"""The facade of grants: the backend signs what people have approved."""

from casebook.commands.grants import GrantSigner, sign_grants
from casebook.facade import Facade
from casebook.queries.grants import CaseToJudge, cases_to_judge


class GrantsApi(Facade):
    """One transaction per method, from any thread. Every method raises CasebookUnavailable when the database fails."""

    def cases_to_judge(self, key_id: str) -> list[CaseToJudge]:
        """Cases in which a grant may be missing, or one too many, for whoever signs with this key. Locks nothing."""
        with self._read() as connection:
            return cases_to_judge(connection, key_id, self._clock())

    def sign(self, case_id: str, signer: GrantSigner) -> int:
        """Sign what people approved in a case and has not ended; how many grants are new.

        Nothing is granted that can still be taken back, or whose facts have changed. Raises CaseNotFound.
        """
        with self._write_apart() as connection:
            return sign_grants(connection, case_id, signer, self._clock())
