"""The facades as coroutines: the same methods, run in threads so that they never block the event loop."""

from collections.abc import Awaitable, Callable
from typing import ParamSpec, Protocol, TypeVar

from casebook.access_api import AccessApi
from casebook.back_tests_api import BackTestsApi
from casebook.chat_api import ChatApi
from casebook.dead_letters_api import DeadLettersApi
from casebook.desk_api import DeskApi
from casebook.detection_rules_api import DetectionRulesApi
from casebook.detector_states_api import DetectorStatesApi
from casebook.events_api import EventsApi
from casebook.grants_api import GrantsApi
from casebook.relay_api import RelayApi
from casebook.risk_score_api import RiskScoreApi
from casebook.schedules_api import SchedulesApi
from casebook.security_log_api import SecurityLogApi
from casebook.sessions_api import SessionsApi
from casebook.subscriptions_api import SubscriptionsApi
from casebook.tasks_api import TasksApi
from casebook.workspace_api import WorkspaceApi

P = ParamSpec("P")
T = TypeVar("T")


class BlockingCalls(Protocol):
    """What runs blocking calls off the event loop."""

    async def run(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What `call` returns or raises."""
        ...


def awaited(call: Callable[P, T], off_loop: BlockingCalls) -> Callable[P, Awaitable[T]]:
    """The same call, with the same parameters, to be awaited."""

    def run(*args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        return off_loop.run(call, *args, **kwargs)

    return run


class AsyncWorkspace:
    """`WorkspaceApi` for routes: `await workspace.claim(case_id, subject)`.

    Each method has the parameters, the promise and the errors of the one whose name it has. Those who follow the log
    hear of what was written by `Transactions.on_commit`: no caller has to tell them.
    """

    def __init__(self, workspace: WorkspaceApi, off_loop: BlockingCalls) -> None:
        self.blocking = workspace
        """The same for threads, for example those that write a file."""

        self.open_case = awaited(workspace.open_case, off_loop)
        self.merge_cases = awaited(workspace.merge_cases, off_loop)
        self.detach_alert = awaited(workspace.detach_alert, off_loop)
        self.accept_decision = awaited(workspace.accept_decision, off_loop)
        self.four_eyes_limit = awaited(workspace.four_eyes_limit, off_loop)
        self.withdraw_proposal = awaited(workspace.withdraw_proposal, off_loop)
        self.withdraw_decision = awaited(workspace.withdraw_decision, off_loop)
        self.request_reversal = awaited(workspace.request_reversal, off_loop)
        self.decide_reversal = awaited(workspace.decide_reversal, off_loop)
        self.reopen_case = awaited(workspace.reopen_case, off_loop)

        self.claim = awaited(workspace.claim, off_loop)
        self.take_over = awaited(workspace.take_over, off_loop)
        self.release = awaited(workspace.release, off_loop)
        self.next_case = awaited(workspace.next_case, off_loop)
        self.assign = awaited(workspace.assign, off_loop)
        self.unassign = awaited(workspace.unassign, off_loop)
        self.snooze = awaited(workspace.snooze, off_loop)
        self.end_snooze = awaited(workspace.end_snooze, off_loop)
        self.place_legal_hold = awaited(workspace.place_legal_hold, off_loop)
        self.lift_legal_hold = awaited(workspace.lift_legal_hold, off_loop)

        self.list_cases = awaited(workspace.list_cases, off_loop)
        self.begin_export = awaited(workspace.begin_export, off_loop)
        self.export_page = awaited(workspace.export_page, off_loop)
        self.summaries = awaited(workspace.summaries, off_loop)
        self.counts = awaited(workspace.counts, off_loop)
        self.list_alerts = awaited(workspace.list_alerts, off_loop)

        self.add_note = awaited(workspace.add_note, off_loop)
        self.list_notes = awaited(workspace.list_notes, off_loop)
        self.add_attachment = awaited(workspace.add_attachment, off_loop)
        self.list_attachments = awaited(workspace.list_attachments, off_loop)
        self.read_attachment = awaited(workspace.read_attachment, off_loop)
        self.get_case = awaited(workspace.get_case, off_loop)
        self.get_fraud_case = awaited(workspace.get_fraud_case, off_loop)
        self.summary = awaited(workspace.summary, off_loop)
        self.evidence = awaited(workspace.evidence, off_loop)
        self.list_events = awaited(workspace.list_events, off_loop)
        self.refusals = awaited(workspace.refusals, off_loop)
        self.snapshot = awaited(workspace.snapshot, off_loop)
        self.regulatory_report = awaited(workspace.regulatory_report, off_loop)
        self.audit_case = awaited(workspace.audit_case, off_loop)
        self.count_states = awaited(workspace.count_states, off_loop)
        self.spend_report = awaited(workspace.spend_report, off_loop)
        self.refusals_by_reason = awaited(workspace.refusals_by_reason, off_loop)
        self.last_seq = awaited(workspace.last_seq, off_loop)


class AsyncRelay:
    """`RelayApi` for the backend's relay and watchdogs, likewise."""

    def __init__(self, record: RelayApi, off_loop: BlockingCalls) -> None:
        self.blocking = record
        """The same for threads."""

        self.unscheduled_cases = awaited(record.unscheduled_cases, off_loop)
        self.is_scheduled = awaited(record.is_scheduled, off_loop)
        self.under_investigation = awaited(record.under_investigation, off_loop)
        self.undelivered_decisions = awaited(record.undelivered_decisions, off_loop)
        self.end_holds = awaited(record.end_holds, off_loop)
        self.overtaken_cases = awaited(record.overtaken_cases, off_loop)
        self.unscheduled_reversals = awaited(record.unscheduled_reversals, off_loop)
        self.confirm = awaited(record.confirm, off_loop)
        self.mark_reversal_scheduled = awaited(record.mark_reversal_scheduled, off_loop)
        self.backlog = awaited(record.backlog, off_loop)
        self.recover_case = awaited(record.recover_case, off_loop)
        self.is_stalled = awaited(record.is_stalled, off_loop)
        self.decided_among = awaited(record.decided_among, off_loop)
        self.unfinished_reversals = awaited(record.unfinished_reversals, off_loop)
        self.fail_reversal = awaited(record.fail_reversal, off_loop)
        self.cases_in = awaited(record.cases_in, off_loop)
        self.get_case = awaited(record.get_case, off_loop)
        self.not_begun = awaited(record.not_begun, off_loop)
        self.signs = awaited(record.signs, off_loop)


class AsyncGrants:
    """`GrantsApi` for the backend's relay, likewise."""

    def __init__(self, grants: GrantsApi, off_loop: BlockingCalls) -> None:
        self.cases_to_judge = awaited(grants.cases_to_judge, off_loop)
        self.sign = awaited(grants.sign, off_loop)


class AsyncChat:
    """`ChatApi` for routes and for the relay of turns, likewise."""

    def __init__(self, chat: ChatApi, off_loop: BlockingCalls) -> None:
        self.blocking = chat
        """The same for threads."""

        self.post_message = awaited(chat.post_message, off_loop)
        self.turn = awaited(chat.turn, off_loop)
        self.conversation = awaited(chat.conversation, off_loop)
        self.list_users = awaited(chat.list_users, off_loop)
        self.link_user = awaited(chat.link_user, off_loop)
        self.analytics = awaited(chat.analytics, off_loop)
        self.erase_conversation = awaited(chat.erase_conversation, off_loop)
        self.unscheduled_turns = awaited(chat.unscheduled_turns, off_loop)
        self.confirm_scheduled = awaited(chat.confirm_scheduled, off_loop)
        self.scheduled_turns = awaited(chat.scheduled_turns, off_loop)
        self.restart_turn = awaited(chat.restart_turn, off_loop)
        self.turns_after = awaited(chat.turns_after, off_loop)
        self.last_change = awaited(chat.last_change, off_loop)
        self.message_count = awaited(chat.message_count, off_loop)
        self.set_count = awaited(chat.set_count, off_loop)


class AsyncAccesses:
    """`AccessApi` for routes and for the recorder, likewise."""

    def __init__(self, accesses: AccessApi, off_loop: BlockingCalls) -> None:
        self.blocking = accesses
        """The same for threads."""

        self.record = awaited(accesses.record, off_loop)
        self.of_case = awaited(accesses.of_case, off_loop)
        self.list = awaited(accesses.list, off_loop)


class AsyncDesk:
    """`DeskApi` for routes, likewise."""

    def __init__(self, desk: DeskApi, off_loop: BlockingCalls) -> None:
        self.blocking = desk
        """The same for threads."""

        self.changes = awaited(desk.changes, off_loop)
        self.save_view = awaited(desk.save_view, off_loop)
        self.list_views = awaited(desk.list_views, off_loop)
        self.delete_view = awaited(desk.delete_view, off_loop)
        self.stop_sharing = awaited(desk.stop_sharing, off_loop)
        self.assignment = awaited(desk.assignment, off_loop)
        self.change_assignment = awaited(desk.change_assignment, off_loop)
        self.assigned_away = awaited(desk.assigned_away, off_loop)
        self.reassign_away = awaited(desk.reassign_away, off_loop)
        self.next_absence = awaited(desk.next_absence, off_loop)


class AsyncTasks:
    """`TasksApi` for routes and for the relay of reminders, likewise."""

    def __init__(self, tasks: TasksApi, off_loop: BlockingCalls) -> None:
        self.blocking = tasks
        """The same for threads."""

        self.create_task = awaited(tasks.create_task, off_loop)
        self.task = awaited(tasks.task, off_loop)
        self.list_tasks = awaited(tasks.list_tasks, off_loop)
        self.change_task = awaited(tasks.change_task, off_loop)
        self.complete_task = awaited(tasks.complete_task, off_loop)
        self.reopen_task = awaited(tasks.reopen_task, off_loop)
        self.delete_task = awaited(tasks.delete_task, off_loop)
        self.unscheduled_reminders = awaited(tasks.unscheduled_reminders, off_loop)
        self.confirm_reminders = awaited(tasks.confirm_reminders, off_loop)
        self.late_reminders = awaited(tasks.late_reminders, off_loop)
        self.restart_reminder = awaited(tasks.restart_reminder, off_loop)
        self.cancelled_reminders = awaited(tasks.cancelled_reminders, off_loop)
        self.forget_reminders = awaited(tasks.forget_reminders, off_loop)


class AsyncSchedules:
    """`SchedulesApi` for routes and for the keeper of schedules, likewise."""

    def __init__(self, schedules: SchedulesApi, off_loop: BlockingCalls) -> None:
        self.blocking = schedules
        """The same for threads."""

        self.begin = awaited(schedules.begin, off_loop)
        self.list_schedules = awaited(schedules.list_schedules, off_loop)
        self.run_by_hand = awaited(schedules.run_by_hand, off_loop)
        self.pause = awaited(schedules.pause, off_loop)
        self.resume = awaited(schedules.resume, off_loop)


class AsyncEvents:
    """`EventsApi` for who delivers or consumes domain events, likewise."""

    def __init__(self, events: EventsApi, off_loop: BlockingCalls) -> None:
        self.blocking = events
        """The same for threads."""

        self.is_behind = awaited(events.is_behind, off_loop)
        self.events_after = awaited(events.events_after, off_loop)
        self.cursor = awaited(events.cursor, off_loop)
        self.consumer_states = awaited(events.consumer_states, off_loop)
        self.take_lease = awaited(events.take_lease, off_loop)
        self.advance_leased = awaited(events.advance_leased, off_loop)
        self.release_lease = awaited(events.release_lease, off_loop)
        self.subscriptions_with_work = awaited(events.subscriptions_with_work, off_loop)
        self.take_batch = awaited(events.take_batch, off_loop)
        self.record_batch = awaited(events.record_batch, off_loop)


class AsyncSubscriptions:
    """`SubscriptionsApi` for routes, likewise."""

    def __init__(self, subscriptions: SubscriptionsApi, off_loop: BlockingCalls) -> None:
        self.blocking = subscriptions
        """The same for threads."""

        self.list_subscriptions = awaited(subscriptions.list_subscriptions, off_loop)
        self.subscription = awaited(subscriptions.subscription, off_loop)
        self.create_subscription = awaited(subscriptions.create_subscription, off_loop)
        self.change_subscription = awaited(subscriptions.change_subscription, off_loop)
        self.delete_subscription = awaited(subscriptions.delete_subscription, off_loop)
        self.add_secret = awaited(subscriptions.add_secret, off_loop)
        self.remove_secret = awaited(subscriptions.remove_secret, off_loop)
        self.replay = awaited(subscriptions.replay, off_loop)
        self.dead_letters = awaited(subscriptions.dead_letters, off_loop)
        self.resend = awaited(subscriptions.resend, off_loop)
        self.drop_dead_letter = awaited(subscriptions.drop_dead_letter, off_loop)


class AsyncDeadLetters:
    """`DeadLettersApi` for routes and for who reads telemetry, likewise."""

    def __init__(self, letters: DeadLettersApi, off_loop: BlockingCalls) -> None:
        self.blocking = letters
        """The same for threads."""

        self.keep = awaited(letters.keep, off_loop)
        self.list_letters = awaited(letters.list_letters, off_loop)
        self.counts = awaited(letters.counts, off_loop)
        self.request_retry = awaited(letters.request_retry, off_loop)
        self.drop = awaited(letters.drop, off_loop)
        self.has_retries = awaited(letters.has_retries, off_loop)
        self.take_retries = awaited(letters.take_retries, off_loop)
        self.record_retry = awaited(letters.record_retry, off_loop)


class AsyncDetectorStates:
    """`DetectorStatesApi` for who reads telemetry, likewise."""

    def __init__(self, states: DetectorStatesApi, off_loop: BlockingCalls) -> None:
        self.blocking = states
        """The same for threads."""

        self.take_partition = awaited(states.take_partition, off_loop)
        self.read_states = awaited(states.read_states, off_loop)
        self.save_progress = awaited(states.save_progress, off_loop)


class AsyncDetectionRules:
    """`DetectionRulesApi` for routes and for who reads telemetry, likewise."""

    def __init__(self, rules: DetectionRulesApi, off_loop: BlockingCalls) -> None:
        self.blocking = rules
        """The same for threads."""

        self.revision = awaited(rules.revision, off_loop)
        self.stored_rules = awaited(rules.stored_rules, off_loop)
        self.list_rules = awaited(rules.list_rules, off_loop)
        self.rule = awaited(rules.rule, off_loop)
        self.draft = awaited(rules.draft, off_loop)
        self.begin_shadow = awaited(rules.begin_shadow, off_loop)
        self.end_shadow = awaited(rules.end_shadow, off_loop)
        self.promote = awaited(rules.promote, off_loop)
        self.roll_back = awaited(rules.roll_back, off_loop)
        self.switch = awaited(rules.switch, off_loop)
        self.count_signals = awaited(rules.count_signals, off_loop)
        self.snoozes = awaited(rules.snoozes, off_loop)
        self.snooze = awaited(rules.snooze, off_loop)
        self.end_snooze = awaited(rules.end_snooze, off_loop)
        self.suppressions = awaited(rules.suppressions, off_loop)
        self.add_suppression = awaited(rules.add_suppression, off_loop)
        self.remove_suppression = awaited(rules.remove_suppression, off_loop)


class AsyncRiskScore:
    """`RiskScoreApi` for routes, and for who scores and learns, likewise."""

    def __init__(self, score: RiskScoreApi, off_loop: BlockingCalls) -> None:
        self.blocking = score
        """The same for threads."""

        self.state = awaited(score.state, off_loop)
        self.labels_after = awaited(score.labels_after, off_loop)
        self.models_since = awaited(score.models_since, off_loop)
        self.model = awaited(score.model, off_loop)
        self.newest_models = awaited(score.newest_models, off_loop)
        self.learner = awaited(score.learner, off_loop)
        self.lessons = awaited(score.lessons, off_loop)
        self.reports = awaited(score.reports, off_loop)
        self.save_learner = awaited(score.save_learner, off_loop)
        self.roll_back = awaited(score.roll_back, off_loop)


class AsyncBackTests:
    """`BackTestsApi` for routes and for who runs back-tests, likewise."""

    def __init__(self, back_tests: BackTestsApi, off_loop: BlockingCalls) -> None:
        self.blocking = back_tests
        """The same for threads."""

        self.request = awaited(back_tests.request, off_loop)
        self.cancel = awaited(back_tests.cancel, off_loop)
        self.back_test = awaited(back_tests.back_test, off_loop)
        self.list_back_tests = awaited(back_tests.list_back_tests, off_loop)
        self.opinions = awaited(back_tests.opinions, off_loop)
        self.has_work = awaited(back_tests.has_work, off_loop)
        self.take_next = awaited(back_tests.take_next, off_loop)
        self.begin = awaited(back_tests.begin, off_loop)
        self.report = awaited(back_tests.report, off_loop)
        self.order = awaited(back_tests.order, off_loop)
        self.end = awaited(back_tests.end, off_loop)
        self.opinions_of = awaited(back_tests.opinions_of, off_loop)


class AsyncSessions:
    """`SessionsApi` for routes, likewise."""

    def __init__(self, sessions: SessionsApi, off_loop: BlockingCalls) -> None:
        self.blocking = sessions
        """The same for threads."""

        self.begin = awaited(sessions.begin, off_loop)
        self.begin_once = awaited(sessions.begin_once, off_loop)
        self.take_recheck = awaited(sessions.take_recheck, off_loop)
        self.keep_rechecked = awaited(sessions.keep_rechecked, off_loop)
        self.remember_person = awaited(sessions.remember_person, off_loop)
        self.end_of_provider = awaited(sessions.end_of_provider, off_loop)
        self.find_person = awaited(sessions.find_person, off_loop)
        self.people = awaited(sessions.people, off_loop)
        self.find = awaited(sessions.find, off_loop)
        self.use = awaited(sessions.use, off_loop)
        self.end = awaited(sessions.end, off_loop)
        self.sign_out = awaited(sessions.sign_out, off_loop)
        self.end_run_out = awaited(sessions.end_run_out, off_loop)
        self.still_open = awaited(sessions.still_open, off_loop)
        self.find_open = awaited(sessions.find_open, off_loop)
        self.list_open = awaited(sessions.list_open, off_loop)


class AsyncSecurityLog:
    """`SecurityLogApi` for routes and for the recorder, likewise."""

    def __init__(self, security_log: SecurityLogApi, off_loop: BlockingCalls) -> None:
        self.blocking = security_log
        """The same for threads."""

        self.note = awaited(security_log.note, off_loop)
        self.list = awaited(security_log.list, off_loop)
        self.purge = awaited(security_log.purge, off_loop)
