"""The settings of how long everything is kept."""

from typing import Annotated

from pydantic import Field

from backend.desk_settings import CasebookSettings
from backend.services.kept_for import KeptFor

Days = Annotated[int, Field(ge=0, le=36_600)]
_DEFAULT = KeptFor()


class RetentionSettings(CasebookSettings):
    """Days; 0: for ever. Each is the environment variable of the same name in capitals."""

    keep_cases_days: Days = _DEFAULT.cases
    """Closed cases of fraud, after the last thing that happened in them."""
    keep_reply_cases_days: Days = _DEFAULT.reply_cases
    """Closed cases about replies, likewise."""
    keep_conversations_days: Days = _DEFAULT.conversations
    """Texts of conversations, after the last message or reply."""
    keep_tasks_days: Days = _DEFAULT.tasks
    """Tasks that are completed or deleted."""
    keep_telemetry_dead_letters_days: Days = _DEFAULT.telemetry_dead_letters
    """Telemetry that was not evaluated."""
    keep_domain_events_days: Days = _DEFAULT.domain_events
    """Domain events, and deliveries that were given up."""
    keep_accesses_days: Days = _DEFAULT.accesses
    """Lines of the access record."""
    keep_orchestrations_days: Days = _DEFAULT.orchestrations
    """Orchestrations that have ended, in the scheduler."""

    def kept_for(self) -> KeptFor:
        """The same for the job."""
        return KeptFor(
            cases=self.keep_cases_days,
            reply_cases=self.keep_reply_cases_days,
            conversations=self.keep_conversations_days,
            tasks=self.keep_tasks_days,
            telemetry_dead_letters=self.keep_telemetry_dead_letters_days,
            domain_events=self.keep_domain_events_days,
            accesses=self.keep_accesses_days,
            orchestrations=self.keep_orchestrations_days,
        )
