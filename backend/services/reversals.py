"""Taking back what was done."""

import logging

from backend.auth.identity import Identity
from backend.executor import Threads
from backend.services.outbox_relay import Relay
from casebook.workspace_api import WorkspaceApi
from contracts.reversal import Reversal
from contracts.review import Verdict

log = logging.getLogger("casewright.reversals")


class TakingBack:
    """Takes requests and the decisions on them; the relay has approved ones carried out."""

    def __init__(self, workspace: WorkspaceApi, relay: Relay, threads: Threads) -> None:
        self._workspace = workspace
        self._relay = relay
        self._threads = threads

    async def request(self, case_id: str, undoes: str, reason: str, identity: Identity) -> Reversal:
        """Ask for an effect to be taken back. Raises what `WorkspaceApi.request_reversal` raises."""
        asked = await self._threads.run(
            self._workspace.request_reversal, case_id, undoes, reason, subject=identity.subject, roles=identity.roles
        )
        log.info("%s: requested by %s", asked.reversal_id, identity.subject)
        return asked

    async def decide(
        self, case_id: str, number: int, verdict: Verdict, comment: str | None, identity: Identity
    ) -> Reversal:
        """Approve or refuse a request. Raises what `WorkspaceApi.decide_reversal` raises."""
        decided = await self._threads.run(
            self._workspace.decide_reversal,
            case_id,
            number,
            verdict,
            comment,
            subject=identity.subject,
            roles=identity.roles,
        )
        log.info("%s: %s by %s", decided.reversal_id, decided.status, identity.subject)
        self._relay.wake()
        return decided
