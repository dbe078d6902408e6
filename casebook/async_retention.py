"""`RetentionApi` as coroutines, for the job that deletes what is old."""

from casebook.async_api import BlockingCalls, awaited
from casebook.retention_api import RetentionApi


class AsyncRetention:
    """Each method has the parameters, the promise and the errors of the one whose name it has."""

    def __init__(self, retention: RetentionApi, off_loop: BlockingCalls) -> None:
        self.purge_cases = awaited(retention.purge_cases, off_loop)
        self.begin_sweep = awaited(retention.begin_sweep, off_loop)
        self.log_holds_erased = retention.log_holds_erased
        self.empty_log = awaited(retention.empty_log, off_loop)
        self.forget_words = awaited(retention.forget_words, off_loop)
        self.erase_conversations = awaited(retention.erase_conversations, off_loop)
        self.purge_accesses = awaited(retention.purge_accesses, off_loop)
        self.delete_tasks = awaited(retention.delete_tasks, off_loop)
        self.delete_telemetry_dead_letters = awaited(retention.delete_telemetry_dead_letters, off_loop)
        self.delete_undelivered = awaited(retention.delete_undelivered, off_loop)
        self.delete_domain_events = awaited(retention.delete_domain_events, off_loop)
        self.forget_detector_states = awaited(retention.forget_detector_states, off_loop)
